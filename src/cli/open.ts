import type { Ipvs } from '../model/ipvs.ts';
import { notePendingTry } from '../recovery/try/note-try.ts';
import type { Environment } from './environment.ts';
import { openTableFile } from './table-file.ts';

export interface OpenedTable {
  readonly ipvs: Ipvs;
  /** Keeps what was done, where it is not the kernel that does. */
  readonly save: () => Promise<void>;
}

/** The kernel's table, to read, or, with `--table`, the one in a file. */
export async function withTable<T>(
  table: string | undefined,
  environment: Environment,
  use: (opened: OpenedTable) => Promise<T>,
): Promise<T> {
  const opened =
    table === undefined ? await openKernel(environment) : await openTableFile(table, environment);
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
