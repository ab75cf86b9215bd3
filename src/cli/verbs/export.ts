import { formatConfigJson } from '../../config/write/json.ts';
import { formatConfig } from '../../config/write/yaml.ts';
import { formatSave, saveLosses } from '../../formats/ipvsadm/save.ts';
import type { Unmanageable } from '../../model/ipvs.ts';
import type { Table } from '../../model/table.ts';
import { readTwice } from '../../reconcile/read-again.ts';
import { EXIT } from '../../render/exit.ts';
import type { TableOptions } from '../arguments.ts';
import type { Environment } from '../environment.ts';
import { withTable } from '../open.ts';
import type { Output } from '../output.ts';

export type TableFormat = 'yaml' | 'json' | 'save';

export interface ExportOptions extends TableOptions {
  readonly output: TableFormat;
}

/** Prints the live table so that it can be applied again. */
export async function exportTable(
  options: ExportOptions,
  environment: Environment,
): Promise<number> {
  return withTable(options.table, environment, async ({ ipvs }) => {
    const { table, unmanageable } = await readTwice(ipvs);
    await printTable(table, unmanageable, options.output, environment.output);
    return EXIT.ok;
  });
}

/** `save` cannot hold everything; what it loses is said on stderr. */
export async function printTable(
  table: Table,
  unmanageable: readonly Unmanageable[],
  format: TableFormat,
  output: Output,
): Promise<void> {
  switch (format) {
    case 'yaml':
      output.print(formatConfig(table, { unmanageable }));
      return;
    case 'json':
      output.print(formatConfigJson(table));
      break;
    case 'save': {
      output.print(formatSave(table));
      for (const loss of saveLosses(table))
        output.note(`ipvstate: the save format cannot hold ${loss}\n`);
      break;
    }
    default:
      format satisfies never;
  }
  for (const { service, destination, reason } of unmanageable) {
    output.note(
      `ipvstate: left out: ${destination ? `${destination} of ` : ''}${service} (${reason}, which no file can express)\n`,
    );
  }
}
