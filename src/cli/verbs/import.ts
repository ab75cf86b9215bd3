import { KERNEL_TIMEOUTS } from '../../model/settings.ts';
import type { Environment } from '../environment.ts';
import { EXIT } from '../exit.ts';
import { loadValid } from '../load-valid.ts';
import { printTable, type TableFormat } from './export.ts';

export interface ImportOptions {
  readonly output: TableFormat;
}

/** Translates `ipvsadm -S` text, or a script of ipvsadm lines, to a configuration. Touches no table. */
export async function importFile(path: string, options: ImportOptions, environment: Environment): Promise<number> {
  const { desired } = await loadValid([path], environment);
  if (options.output !== 'save') {
    const { formatDesired } = await import('../../config/emit.ts');
    environment.output.print(formatDesired(desired, options.output));
    return EXIT.ok;
  }
  const table = { services: desired.services, timeouts: { ...KERNEL_TIMEOUTS, ...desired.timeouts }, daemons: desired.daemons ?? [] };
  await printTable(table, [], 'save', environment.output);
  return EXIT.ok;
}
