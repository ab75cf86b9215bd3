import { callerName } from '../../recovery/caller.ts';
import { control, printAnswer } from '../control.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { PASS_EXITS } from '../declare/exit-groups.ts';
import { CONTROL_OPTIONS } from '../declare/option-groups.ts';

export const resumeVerb = defineVerb({
  name: 'resume',
  job: 'operate',
  summary: 'end the pause',
  description: 'have the daemon write again, and wait for the pass that follows',
  options: CONTROL_OPTIONS,
  exits: { ...PASS_EXITS, ok: 'the daemon is healthy after the pass' },
  examples: ['ipvstate resume', "ipvstate resume && echo 'the kernel is as the files say'"],
  run: async (options, environment) => {
    const who = callerName((await environment.state()).caller);
    const request = { command: 'resume' as const, who };
    return printAnswer(await control(request, options, environment), environment);
  },
});
