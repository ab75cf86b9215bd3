import { readTwice } from '../../reconcile/read-again.ts';
import { EXIT } from '../../render/exit.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { TABLE_EXITS } from '../declare/exit-groups.ts';
import { TABLE_OPTIONS, VERBOSE_OPTIONS } from '../declare/option-groups.ts';
import { withTable } from '../open-table.ts';
import { printTable, WRITING_OPTIONS } from '../print-table.ts';

export const exportVerb = defineVerb({
  name: 'export',
  job: 'import',
  summary: 'write the live table',
  description: 'print the live table: as a configuration, or as `ipvsadm -R` reads it',
  options: { ...TABLE_OPTIONS, ...WRITING_OPTIONS, ...VERBOSE_OPTIONS },
  exits: { ...TABLE_EXITS, ok: 'printed' },
  examples: ['ipvstate export > ipvs.yaml', 'ipvstate export -o save > live.save'],
  run: async (options, environment) =>
    withTable(options.table, environment, async ({ ipvs }) => {
      const { table, unmanageable } = await readTwice(ipvs, {}, environment.output.stage);
      const writing = { unmanageable, isPlain: options.plain };
      await printTable(table, writing, options.output, environment.output);
      return EXIT.ok;
    }),
});
