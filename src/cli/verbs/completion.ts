import { EXIT } from '../../render/exit.ts';
import bash from '../completion/completion.bash';
import fish from '../completion/completion.fish';
import zsh from '../completion/completion.zsh';
import { defineVerb } from '../declare/define-verb.ts';
import { choiceArgument } from '../declare/options.ts';

const SCRIPTS = { bash, zsh, fish };

export const completionVerb = defineVerb({
  name: 'completion',
  job: 'files',
  summary: 'complete words in a shell',
  description: 'print the script with which a shell completes the words of ipvstate',
  arguments: { shell: choiceArgument('shell', 'the shell that reads the script', SCRIPTS) },
  options: {},
  exits: { ok: 'printed' },
  examples: [
    'source <(ipvstate completion bash)',
    'ipvstate completion zsh > _ipvstate',
    'ipvstate completion fish > ipvstate.fish',
  ],
  run: async (_, { output }, { shell }) => {
    output.print(SCRIPTS[shell]);
    return EXIT.ok;
  },
});
