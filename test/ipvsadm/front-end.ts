import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import type { ProgramIo } from '../../src/ipvsadm/program-io.ts';
import type { Resolver } from '../../src/ipvsadm/resolve.ts';
import { runIpvsadm } from '../../src/ipvsadm/run.ts';
import { parseAddress } from '../../src/model/address.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { Table } from '../../src/model/table.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';

export interface FrontEnd {
  readonly io: ProgramIo;
  /** Runs a command line. An array can have words with blanks. */
  readonly run: (
    command: string | readonly string[],
    stdin?: string,
  ) => Promise<{ status: number; stdout: string; stderr: string }>;
  readonly saved: () => string;
  /** The names and numbers that the resolver was asked for. */
  readonly asked: string[];
  /** How often the table was opened and closed. */
  readonly opened: () => readonly [number, number];
}

/**
 * The front end on a table in memory, with the names `vip` (192.0.2.1), `rs` (10.0.0.2) and `http`
 * (80).
 */
export function frontEnd(table: Table, replace: Partial<ProgramIo> = {}): FrontEnd {
  const embedded = openEmbeddedTable(table);
  const asked: string[] = [];
  const counts: [number, number] = [0, 0];
  const output = { stdout: '', stderr: '', stdin: '' };
  const resolver: Resolver = {
    address: async (host) => {
      asked.push(host);
      return host === 'vip' ? parseAddress('192.0.2.1') : undefined;
    },
    port: async (service, protocol) => {
      asked.push(`${service}/${protocol}`);
      return service === 'http' ? 80 : undefined;
    },
    host: async (address) => {
      asked.push(address);
      return { '192.0.2.1': 'vip', '10.0.0.2': 'rs' }[address as string];
    },
    service: async (port, protocol) => {
      asked.push(`${port}/${protocol}`);
      return port === 80 ? 'http' : undefined;
    },
  };
  const io: ProgramIo = {
    programName: 'ipvsadm',
    ipvs: async (): Promise<Ipvs> => {
      counts[0]++;
      return {
        ...embedded,
        close: () => {
          counts[1]++;
        },
      };
    },
    beginChanges: async (ipvs) => ({
      ipvs,
      announce: () => {},
      signal: new AbortController().signal,
    }),
    readStdin: async () => Buffer.from(output.stdin),
    stdout: (text) => {
      output.stdout += text;
    },
    stderr: (text) => {
      output.stderr += text;
    },
    resolver,
    readConnections: async () => undefined,
    ...replace,
  };
  const run: FrontEnd['run'] = async (command, stdin = '') => {
    Object.assign(output, { stdout: '', stderr: '', stdin });
    const argv =
      typeof command === 'string' ? command.split(' ').filter((word) => word !== '') : command;
    const status = await runIpvsadm(argv, io);
    return { status, stdout: output.stdout, stderr: output.stderr };
  };
  return {
    io,
    run,
    saved: () => formatSave(embedded.table()),
    asked,
    opened: () => counts,
  };
}
