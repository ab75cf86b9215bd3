import { WRITABLE_FORMATS } from '../../formats/formats.ts';
import { readTwice } from '../../reconcile/read-again.ts';
import { EXIT } from '../../render/exit.ts';
import { defineVerb } from '../define-verb.ts';
import { TABLE_EXITS } from '../exit-groups.ts';
import { withTable } from '../open-table.ts';
import { TABLE_OPTIONS, VERBOSE_OPTIONS } from '../option-groups.ts';
import { outputFormat } from '../options.ts';
import { printTable } from '../print-table.ts';

export const exportVerb = defineVerb({
  name: 'export',
  job: 'import',
  summary: 'write the live table',
  description: 'print the live table: as a configuration, or as `ipvsadm -R` reads it',
  options: { ...TABLE_OPTIONS, output: outputFormat(WRITABLE_FORMATS, 'yaml'), ...VERBOSE_OPTIONS },
  exits: { ...TABLE_EXITS, ok: 'printed' },
  examples: ['ipvstate export > ipvs.yaml', 'ipvstate export -o save > live.save'],
  run: async (options, environment) =>
    withTable(options.table, environment, async ({ ipvs }) => {
      const { table, unmanageable } = await readTwice(ipvs, {}, environment.output.stage);
      await printTable(table, { unmanageable }, options.output, environment.output);
      return EXIT.ok;
    }),
});
