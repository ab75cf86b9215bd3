import { IpvstateError } from '../errors.ts';
import { formatOf, isWritable } from '../formats/formats.ts';
import type { Desired } from '../model/desired.ts';
import type { Ipvs } from '../model/ipvs.ts';
import { ConfigurationError } from '../model/issue.ts';
import { KERNEL_TIMEOUTS } from '../model/settings.ts';
import type { Table } from '../model/table.ts';
import { openEmbeddedTable } from '../plan/embedded.ts';
import { writeAtomically } from '../recovery/records/write.ts';
import { notePendingTry } from '../recovery/session.ts';
import { formatIssues } from '../render/issues.ts';
import { readInputFile } from '../sources/files/files.ts';
import { isSpecial } from '../sources/files/read-stable.ts';
import { parseDocument } from '../sources/load.ts';
import type { Environment } from './environment.ts';
import type { Output } from './output.ts';

interface OpenedTable {
  readonly ipvs: Ipvs;
  /** Writes a table that is in a file back to the file. Does nothing for the kernel's table. */
  readonly save: () => Promise<void>;
  /** Finds where an object is in the file. */
  readonly locate?: Desired['locate'];
}

/** Opens the kernel's table or, with `--table`, a saved table, and closes it after `use`. */
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

/** Throws `USAGE` for a table that cannot be written back: a pipe, a socket or a device. */
export async function refuseUnwritable(path: string): Promise<void> {
  if (!(await isSpecial(path).catch(() => false))) return;
  throw new IpvstateError(
    'USAGE',
    `${path} is not a file: a changed table cannot be written to it`,
  );
}

async function openKernel(environment: Environment): Promise<OpenedTable> {
  await notePendingTry(environment);
  return { ipvs: await environment.openKernel(), save: async () => {} };
}

/** A table, and where its objects are in its file. */
interface TableText {
  readonly table: Table;
  readonly locate: Desired['locate'];
}

const EMPTY_FILE: TableText = {
  table: { services: new Map(), timeouts: KERNEL_TIMEOUTS, daemons: [] },
  locate: () => undefined,
};

/** Opens `export` output or `ipvsadm -S` text. An empty file is an empty table. */
async function openTableFile(path: string, environment: Environment): Promise<OpenedTable> {
  const bytes = await readInputFile(path);
  const text = bytes.toString('utf8');
  const { table, locate } =
    text.trim() === '' ? EMPTY_FILE : await parseTable(bytes, path, environment.output);
  const ipvs = openEmbeddedTable(table);
  const format = formatOf(text, path);
  return {
    ipvs,
    locate,
    save: async () => {
      if (!isWritable(format))
        throw new IpvstateError(
          'USAGE',
          `${path} has the format ${format.name}, which is only read`,
        );
      const { text: written, omissions } = await format.format(ipvs.table(), { isPlain: true });
      await writeAtomically(path, written);
      for (const omission of omissions) environment.output.note(`ipvstate: ${path}: ${omission}\n`);
    },
  };
}

async function parseTable(bytes: Buffer, path: string, output: Output): Promise<TableText> {
  const { desired, issues, text = '' } = await parseDocument({ name: path, bytes });
  if (!desired) {
    output.warn(formatIssues(issues, new Map([[path, text]]), output.layout('stderr')));
    throw new ConfigurationError(`the table ${path} has errors; nothing was changed`, issues);
  }
  const table = {
    services: desired.services,
    timeouts: { ...KERNEL_TIMEOUTS, ...desired.timeouts },
    daemons: desired.daemons ?? [],
  };
  return { table, locate: desired.locate };
}
