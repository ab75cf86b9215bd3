import { EXIT } from '../../render/exit.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { repeatedArgument } from '../declare/options.ts';

export const completeVerb = defineVerb({
  name: 'complete',
  job: 'hidden',
  summary: 'complete a word',
  description: 'print the words that the last word of a command line can become, for a shell',
  arguments: { words: repeatedArgument('word', 'the command line after `ipvstate`') },
  options: {},
  exits: { ok: 'printed' },
  examples: [],
  run: async (_, environment, { words }, program) => {
    const { complete } = await import('../completion/complete.ts');
    const { candidates, takesFile } = await complete(words, program, environment);
    const lines = candidates.flatMap(({ word, about = '' }) => [word, about]);
    environment.output.print(`${[takesFile ? 'files' : 'words', ...lines].join('\n')}\n`);
    return EXIT.ok;
  },
});
