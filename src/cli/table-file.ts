import { formatConfigJson } from '../config/write/json.ts';
import { formatConfig } from '../config/write/yaml.ts';
import { IpvstateError } from '../errors.ts';
import { looksLikeScript } from '../formats/ipvsadm/looks-like-script.ts';
import { formatSave } from '../formats/ipvsadm/save.ts';
import type { Ipvs } from '../model/ipvs.ts';
import { KERNEL_TIMEOUTS } from '../model/settings.ts';
import type { Table } from '../model/table.ts';
import { openEmbeddedTable } from '../plan/embedded.ts';
import { writeAtomically } from '../recovery/records/write.ts';
import { formatIssues } from '../render/issues.ts';
import { parseText } from '../sources/load.ts';
import { readInput } from '../sources/read-input.ts';
import type { Environment } from './environment.ts';
import type { Output } from './output.ts';

const EMPTY_TABLE: Table = { services: new Map(), timeouts: KERNEL_TIMEOUTS, daemons: [] };

export interface TableFile {
  readonly ipvs: Ipvs;
  /** Writes the table back, in the format it was read in. */
  readonly save: () => Promise<void>;
}

/** A saved table in place of the kernel's: `export` output, or `ipvsadm -S` text (which is empty for an empty table). */
export async function openTableFile(path: string, environment: Environment): Promise<TableFile> {
  const text = (await readInput(path)).toString('utf8');
  const table = text.trim() === '' ? EMPTY_TABLE : await parseTable(text, path, environment.output);
  const ipvs = openEmbeddedTable(table);
  return { ipvs, save: async () => writeAtomically(path, formatLike(text, path, ipvs.table())) };
}

async function parseTable(text: string, path: string, output: Output): Promise<Table> {
  const { desired, issues } = await parseText(text, path);
  if (!desired) {
    output.warn(formatIssues(issues, new Map([[path, text]]), output.layout('stderr')));
    throw new IpvstateError('CONFIG', `the table ${path} has errors; nothing was changed`);
  }
  return {
    services: desired.services,
    timeouts: { ...KERNEL_TIMEOUTS, ...desired.timeouts },
    daemons: desired.daemons ?? [],
  };
}

function formatLike(text: string, path: string, table: Table): string {
  const isEmpty = text.trim() === '';
  if (isEmpty ? path.endsWith('.save') : looksLikeScript(text)) return formatSave(table);
  if (isEmpty ? path.endsWith('.json') : /^\s*\{/.test(text)) return formatConfigJson(table);
  return formatConfig(table);
}
