import { formatConfigJson } from '../../config/write/json.ts';
import { formatConfig } from '../../config/write/yaml.ts';
import { KERNEL_TIMEOUTS } from '../../model/settings.ts';
import { EXIT } from '../../render/exit.ts';
import type { Environment } from '../environment.ts';
import { loadValid } from '../load-valid.ts';
import { printTable, type TableFormat } from './export.ts';

export interface ImportOptions {
  readonly output: TableFormat;
}

/** Translates `ipvsadm -S` text, or a script of ipvsadm lines, to a configuration. Touches no table. */
export async function importFile(
  path: string,
  options: ImportOptions,
  environment: Environment,
): Promise<number> {
  const { desired } = await loadValid([path], environment);
  const { output } = environment;
  switch (options.output) {
    case 'yaml':
      output.print(formatConfig(desired, { names: desired.names }));
      break;
    case 'json':
      output.print(formatConfigJson(desired, { names: desired.names }));
      break;
    case 'save': {
      const timeouts = { ...KERNEL_TIMEOUTS, ...desired.timeouts };
      await printTable(
        { services: desired.services, timeouts, daemons: desired.daemons ?? [] },
        [],
        'save',
        output,
      );
      break;
    }
    default:
      options.output satisfies never;
  }
  return EXIT.ok;
}
