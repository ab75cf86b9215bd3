import { readFile } from 'node:fs/promises';
import { IpvstateError } from '../errors.ts';
import type { Ipvs } from '../model/ipvs.ts';
import { KERNEL_TIMEOUTS } from '../model/settings.ts';
import type { Table } from '../model/table.ts';
import { openEmbeddedTable } from '../plan/embedded.ts';
import type { Environment } from './environment.ts';
import { load } from './load.ts';
import { writeAtomically } from './write.ts';

const EMPTY_TABLE: Table = { services: new Map(), timeouts: KERNEL_TIMEOUTS, daemons: [] };

export interface TableFile {
  readonly ipvs: Ipvs;
  /** Writes the table back, in the format it was read in. */
  readonly save: () => Promise<void>;
}

/** A saved table in place of the kernel's: `export` output, or `ipvsadm -S` text (which is empty for an empty table). */
export async function openTableFile(path: string, environment: Environment): Promise<TableFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new IpvstateError('NO_INPUT', `the table ${path} cannot be read (${error.code})`, { cause: error });
  });
  const table = text.trim() === '' ? EMPTY_TABLE : await parseTable(path, environment);
  const ipvs = openEmbeddedTable(table);
  return { ipvs, save: async () => writeAtomically(path, await formatLike(text, path, ipvs.table())) };
}

async function parseTable(path: string, environment: Environment): Promise<Table> {
  const { desired, issues, sources } = await load([path], environment.stdin);
  if (!desired) {
    const { formatIssues } = await import('../text/issues.ts');
    environment.output.warn(formatIssues(issues, sources, environment.output.layout('stderr')));
    throw new IpvstateError('CONFIG', `the table ${path} has errors`);
  }
  return { services: desired.services, timeouts: { ...KERNEL_TIMEOUTS, ...desired.timeouts }, daemons: desired.daemons ?? [] };
}

async function formatLike(text: string, path: string, table: Table): Promise<string> {
  const { looksLikeScript } = await import('../ipvsadm/looks-like-script.ts');
  if (looksLikeScript(text) || path.endsWith('.save')) return (await import('../text/save.ts')).formatSave(table);
  if (path.endsWith('.json')) return (await import('../config/emit-json.ts')).formatConfigJson(table);
  return (await import('../config/emit.ts')).formatConfig(table);
}
