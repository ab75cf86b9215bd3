import { IpvstateError } from '../errors.ts';
import type { Ipvs } from '../model/ipvs.ts';
import { KERNEL_TIMEOUTS } from '../model/settings.ts';
import type { Table } from '../model/table.ts';
import { openEmbeddedTable } from '../plan/embedded.ts';
import { writeAtomically } from '../state/write.ts';
import type { Environment } from './environment.ts';
import type { Output } from './output.ts';
import { readInput } from './read-input.ts';

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
  return { ipvs, save: async () => writeAtomically(path, await formatLike(text, path, ipvs.table())) };
}

async function parseTable(text: string, path: string, output: Output): Promise<Table> {
  const { parseText } = await import('./load.ts');
  const { desired, issues } = await parseText(text, path);
  if (!desired) {
    const { formatIssues } = await import('../text/issues.ts');
    output.warn(formatIssues(issues, new Map([[path, text]]), output.layout('stderr')));
    throw new IpvstateError('CONFIG', `the table ${path} has errors; nothing was changed`);
  }
  return { services: desired.services, timeouts: { ...KERNEL_TIMEOUTS, ...desired.timeouts }, daemons: desired.daemons ?? [] };
}

async function formatLike(text: string, path: string, table: Table): Promise<string> {
  const { looksLikeScript } = await import('../ipvsadm/looks-like-script.ts');
  const isEmpty = text.trim() === '';
  if (isEmpty ? path.endsWith('.save') : looksLikeScript(text)) return (await import('../text/save.ts')).formatSave(table);
  if (isEmpty ? path.endsWith('.json') : /^\s*\{/.test(text)) return (await import('../config/emit-json.ts')).formatConfigJson(table);
  return (await import('../config/emit.ts')).formatConfig(table);
}
