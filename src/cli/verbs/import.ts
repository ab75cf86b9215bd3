import { NO_LAYOUT } from '../../config/layout.ts';
import { EXIT } from '../../render/exit.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import { TRANSLATING_OPTIONS, translatingOf, VERBOSE_OPTIONS } from '../declare/option-groups.ts';
import { flag, repeatedArgument, requiredArgument } from '../declare/options.ts';
import { loadValid } from '../load-valid.ts';
import { printTable, WRITING_OPTIONS } from '../print-table.ts';

export const importVerb = defineVerb({
  name: 'import',
  job: 'import',
  summary: 'translate ipvsadm rules',
  description:
    'translate `ipvsadm -Sn` text, a script that calls ipvsadm, or a file of another program',
  arguments: {
    path: requiredArgument('file', 'the file; - is stdin'),
    args: repeatedArgument('args', 'arguments of a shell script'),
  },
  options: {
    ...TRANSLATING_OPTIONS,
    env: flag('--env', 'let YAML for ipvsctl read the environment'),
    ...WRITING_OPTIONS,
    ...VERBOSE_OPTIONS,
  },
  exits: { ...FILE_EXITS, ok: 'printed' },
  examples: [
    'ipvsadm -Sn | ipvstate import - > ipvs.yaml',
    'ipvstate import ipvsadm.rules',
    'ipvstate import lvs.sh start',
  ],
  run: async (options, environment, { path, args }) => {
    const { desired, layout } = await loadValid([path], environment, {
      ...translatingOf(options),
      args,
      ...(options.env && { environment: environment.env }),
    });
    const writing = { names: desired.names, isPlain: options.plain, layout: layout ?? NO_LAYOUT };
    await printTable(desired, writing, options.output, environment.output);
    return EXIT.ok;
  },
});
