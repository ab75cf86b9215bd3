import { NO_LAYOUT } from '../../config/layout.ts';
import { EXIT } from '../../render/exit.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS, TABLE_EXITS } from '../declare/exit-groups.ts';
import {
  NETNS_OPTIONS,
  NODE_OPTIONS,
  TRANSLATING_OPTIONS,
  translatingOf,
  VERBOSE_OPTIONS,
} from '../declare/option-groups.ts';
import { entryOf, flag, optionalArgument, repeatedArgument } from '../declare/options.ts';
import { wrongUsage } from '../declare/wrong-usage.ts';
import { nextCommands, readLiveConfiguration } from '../live-configuration.ts';
import { loadValid } from '../load-valid.ts';
import { printTable, WRITING_OPTIONS } from '../print-table.ts';

export const importVerb = defineVerb({
  name: 'import',
  job: 'files',
  summary: 'translate other files',
  description:
    'translate `ipvsadm -Sn` text, a script that calls ipvsadm, or a file of another program',
  arguments: {
    path: optionalArgument('file', 'the file; - is stdin'),
    args: repeatedArgument('args', 'arguments of a shell script'),
  },
  options: {
    from: entryOf('--from <place>', 'adopt the table that runs here', { live: true }),
    ...NETNS_OPTIONS,
    ...NODE_OPTIONS,
    ...TRANSLATING_OPTIONS,
    env: flag('--env', 'let YAML for ipvsctl read the environment'),
    ...WRITING_OPTIONS,
    ...VERBOSE_OPTIONS,
  },
  exits: { ...FILE_EXITS, ...TABLE_EXITS, ok: 'printed' },
  examples: [
    'ipvsadm -Sn | ipvstate import - > ipvs.yaml',
    'ipvstate import ipvsadm.rules',
    'ipvstate import lvs.sh start',
    'ipvstate import --from live > ipvs.yaml',
  ],
  run: async (options, environment, { path, args }) => {
    const { output } = environment;
    if (path === undefined && !options.from) throw wrongUsage("missing required argument 'file'");
    if (path !== undefined && options.from) throw wrongUsage('--from live takes no file');
    if (path === undefined) {
      const { table, writing } = await readLiveConfiguration(environment);
      await printTable(table, { ...writing, isPlain: options.plain }, options.output, output);
      output.note(nextCommands(options.netns));
      return EXIT.ok;
    }
    const { desired, layout, health } = await loadValid([path], environment, {
      ...translatingOf(options),
      args,
      ...(options.env && { environment: environment.env }),
    });
    const writing = {
      ...{ names: desired.names, isPlain: options.plain, layout: layout ?? NO_LAYOUT },
      ...(health && { health }),
    };
    await printTable(desired, writing, options.output, output);
    return EXIT.ok;
  },
});
