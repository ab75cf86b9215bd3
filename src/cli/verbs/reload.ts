import { control, printAnswer } from '../control.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { PASS_EXITS } from '../declare/exit-groups.ts';
import { CONTROL_OPTIONS } from '../declare/option-groups.ts';

export const reloadVerb = defineVerb({
  name: 'reload',
  job: 'operate',
  summary: 'read files and kernel now',
  description: 'have the daemon read files and kernel now, and wait for it',
  options: CONTROL_OPTIONS,
  exits: { ...PASS_EXITS, ok: 'the daemon is healthy after the pass' },
  examples: ['ipvstate reload', "ipvstate reload && echo 'the kernel is as the files say'"],
  run: async (options, environment) =>
    printAnswer(await control({ command: 'reload' }, options, environment), environment),
});
