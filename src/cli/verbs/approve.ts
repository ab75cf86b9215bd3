import { control, printAnswer } from '../control.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { PASS_EXITS } from '../declare/exit-groups.ts';
import { CONTROL_OPTIONS } from '../declare/option-groups.ts';
import { optionalArgument } from '../declare/options.ts';

export const approveVerb = defineVerb({
  name: 'approve',
  job: 'operate',
  summary: 'execute a held plan',
  description: 'have the daemon execute the plan that a guard holds back',
  arguments: {
    plan: optionalArgument(
      'fingerprint',
      'only if it is still this plan, as `ipvstate status` names it',
    ),
  },
  options: CONTROL_OPTIONS,
  exits: {
    ...PASS_EXITS,
    ok: 'executed, and the daemon is healthy',
    refused: 'no plan is held back, the guard refuses another one, or a pause',
    stale: 'another plan is held back, or the files changed',
  },
  examples: ['ipvstate approve', 'ipvstate approve 4f2a96c1b0de'],
  run: async (options, environment, { plan }) => {
    const request = { command: 'approve' as const, ...(plan !== undefined && { plan }) };
    return printAnswer(await control(request, options, environment), environment);
  },
});
