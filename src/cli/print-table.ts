import { formatConfigJson } from '../config/write/json.ts';
import { type Exportable, formatConfig } from '../config/write/yaml.ts';
import { formatSave, saveLosses } from '../formats/ipvsadm/save.ts';
import type { Unmanageable } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import { KERNEL_TIMEOUTS } from '../model/settings.ts';
import type { Output } from './output.ts';

export interface PrintableTable {
  readonly table: Exportable;
  readonly names?: ReadonlyMap<ServiceKey, string>;
  /** Live entries that no file can express. */
  readonly unmanageable?: readonly Unmanageable[];
}

/** Every output format of a table. */
export const TABLE_FORMATS = {
  yaml: ({ table, ...options }: PrintableTable) => formatConfig(table, options),
  json: ({ table, ...options }: PrintableTable) => formatConfigJson(table, options),
  save: ({ table }: PrintableTable) => formatSave(table),
};

export type TableFormat = keyof typeof TABLE_FORMATS;

/** Prints a table on stdout, and on stderr the parts that the format cannot hold. */
export function printTable(printed: PrintableTable, format: TableFormat, output: Output): void {
  output.print(TABLE_FORMATS[format](printed));
  if (format === 'save') {
    const { services, timeouts, daemons = [] } = printed.table;
    const table = { services, timeouts: { ...KERNEL_TIMEOUTS, ...timeouts }, daemons };
    for (const loss of saveLosses(table))
      output.note(`ipvstate: the save format cannot hold ${loss}\n`);
  }
  // YAML has comments for them.
  if (format === 'yaml') return;
  for (const { service, destination, reason } of printed.unmanageable ?? []) {
    const entry = destination ? `${destination} of ${service}` : service;
    output.note(`ipvstate: left out: ${entry} (${reason}, which no file can express)\n`);
  }
}
