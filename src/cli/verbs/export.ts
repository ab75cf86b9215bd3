import { WRITABLE_FORMATS } from '../../formats/formats.ts';
import { readTwice } from '../../reconcile/read-again.ts';
import { EXIT } from '../../render/exit.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { TABLE_EXITS } from '../declare/exit-groups.ts';
import { TABLE_OPTIONS, VERBOSE_OPTIONS } from '../declare/option-groups.ts';
import { outputFormat } from '../declare/options.ts';
import { withTable } from '../open-table.ts';
import { printTable, WRITING_OPTIONS } from '../print-table.ts';

const FORMATS: Readonly<Record<string, unknown>> = {
  ...WRITABLE_FORMATS,
  html: 'a page for a browser',
};

export const exportVerb = defineVerb({
  name: 'export',
  job: 'files',
  summary: 'write the live table',
  description:
    'print the live table: as a configuration, as `ipvsadm -R` reads it, or as a page to look at',
  options: {
    ...TABLE_OPTIONS,
    ...WRITING_OPTIONS,
    output: outputFormat(FORMATS, 'yaml'),
    ...VERBOSE_OPTIONS,
  },
  exits: { ...TABLE_EXITS, ok: 'printed' },
  examples: [
    'ipvstate export > ipvs.yaml',
    'ipvstate export -o save > live.save',
    'ipvstate export -o html > ticket.html',
  ],
  run: async (options, environment) =>
    withTable(options.table, environment, async ({ ipvs }) => {
      const isPage = options.output === 'html';
      const snapshot = await readTwice(ipvs, { stats: isPage }, environment.output.stage);
      if (isPage) {
        const { formatTablePage } = await import('../export-html.ts');
        const isLive = options.table === undefined;
        environment.output.print(await formatTablePage(snapshot, isLive, environment));
        return EXIT.ok;
      }
      const writing = { unmanageable: snapshot.unmanageable, isPlain: options.plain };
      await printTable(snapshot.table, writing, options.output, environment.output);
      return EXIT.ok;
    }),
});
