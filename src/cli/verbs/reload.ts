import { control, printAnswer } from '../control.ts';
import { defineVerb } from '../define-verb.ts';
import { CONTROL_OPTIONS } from '../option-groups.ts';

export const reloadVerb = defineVerb({
  name: 'reload',
  summary: 'have the daemon read files and kernel now, and wait for it',
  options: CONTROL_OPTIONS,
  examples: ["ipvstate reload && echo 'the kernel is as the files say'"],
  notes: ['Exits as apply would.'],
  run: async (options, environment) =>
    printAnswer(await control({ command: 'reload' }, options, environment), environment),
});
