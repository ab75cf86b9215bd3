import { control, printAnswer } from '../control.ts';
import { defineVerb } from '../define-verb.ts';
import { CONTROL_OPTIONS } from '../option-groups.ts';
import { optionalArgument } from '../options.ts';

export const approveVerb = defineVerb({
  name: 'approve',
  summary: 'have the daemon execute the plan that a guard holds back',
  arguments: {
    plan: optionalArgument('plan', 'only if it is still this plan, as `ipvstate status` names it'),
  },
  options: CONTROL_OPTIONS,
  examples: [
    'ipvstate status            shows the plan that is held back, and its name',
    'ipvstate approve 4f2a96c1b0de',
  ],
  run: async (options, environment, { plan }) => {
    const request = { command: 'approve' as const, ...(plan !== undefined && { plan }) };
    return printAnswer(await control(request, options, environment), environment);
  },
});
