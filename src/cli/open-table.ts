import { IpvstateError } from '../errors.ts';
import { looksLikeScript } from '../formats/ipvsadm/looks-like-script.ts';
import type { Ipvs } from '../model/ipvs.ts';
import { KERNEL_TIMEOUTS } from '../model/settings.ts';
import type { Table } from '../model/table.ts';
import { openEmbeddedTable } from '../plan/embedded.ts';
import { writeAtomically } from '../recovery/records/write.ts';
import { notePendingTry } from '../recovery/try/note-try.ts';
import { formatIssues } from '../render/issues.ts';
import { parseText } from '../sources/load.ts';
import { readInput } from '../sources/read-input.ts';
import type { Environment } from './environment.ts';
import type { Output } from './output.ts';
import { TABLE_FORMATS, type TableFormat } from './print-table.ts';

export interface OpenedTable {
  readonly ipvs: Ipvs;
  /** Writes a table that is in a file back to the file. Does nothing for the kernel's table. */
  readonly save: () => Promise<void>;
}

/** Opens the kernel's table for reading or, with `--table`, a saved table, and closes it after `use`. */
export async function withTable<T>(
  path: string | undefined,
  environment: Environment,
  use: (opened: OpenedTable) => Promise<T>,
): Promise<T> {
  const opened =
    path === undefined ? await openKernel(environment) : await openTableFile(path, environment);
  try {
    return await use(opened);
  } finally {
    opened.ipvs.close();
  }
}

async function openKernel(environment: Environment): Promise<OpenedTable> {
  await notePendingTry(environment);
  return { ipvs: await environment.openKernel(), save: async () => {} };
}

const EMPTY_TABLE: Table = { services: new Map(), timeouts: KERNEL_TIMEOUTS, daemons: [] };

/** Opens `export` output or `ipvsadm -S` text. An empty file is an empty table. */
async function openTableFile(path: string, environment: Environment): Promise<OpenedTable> {
  const text = (await readInput(path)).toString('utf8');
  const table = text.trim() === '' ? EMPTY_TABLE : await parseTable(text, path, environment.output);
  const ipvs = openEmbeddedTable(table);
  const format = TABLE_FORMATS[tableFormatOf(text, path)];
  return { ipvs, save: async () => writeAtomically(path, format({ table: ipvs.table() })) };
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

/** Format of a saved table: by its text or, when the file is empty, by the file's name. */
function tableFormatOf(text: string, path: string): TableFormat {
  const isEmpty = text.trim() === '';
  if (isEmpty ? path.endsWith('.save') : looksLikeScript(text)) return 'save';
  return (isEmpty ? path.endsWith('.json') : /^\s*\{/.test(text)) ? 'json' : 'yaml';
}
