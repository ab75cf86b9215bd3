import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotRead, type ErrnoName, isAbsent, KernelError } from '../errors.ts';
import type { Ipvs, Refused } from '../model/ipvs.ts';
import { formatOperation, type Operation } from '../model/operation.ts';
import { trimSysctl } from '../model/sysctl.ts';
import type { Sysctls } from '../model/table.ts';

const FOLDER = '/proc/sys/net/ipv4/vs';

type SetSysctl = Extract<Operation, { kind: 'set-sysctl' }>;

/**
 * Adds the sysctls of this process's network namespace to a kernel's table. Netlink does not have
 * them. A read that asks for sysctls returns all that exist, because their set depends on the
 * version and the configuration of the kernel.
 */
export function withSysctls(ipvs: Ipvs, folder = FOLDER): Ipvs {
  return {
    info: () => ipvs.info(),
    read: async (options = {}) => {
      const snapshot = await ipvs.read(options);
      return options.sysctls
        ? { ...snapshot, table: { ...snapshot.table, sysctls: await readSysctls(folder) } }
        : snapshot;
    },
    execute: async (wave) => {
      if (!wave.some(isSysctl)) return ipvs.execute(wave);
      const refused = new Map<number, KernelError>();
      let start = 0;
      for (const operations of split(wave)) {
        const [first] = operations;
        const part =
          first && isSysctl(first)
            ? await writeSysctl(folder, first)
            : await ipvs.execute(operations);
        for (const [index, error] of part) refused.set(start + index, error);
        start += operations.length;
      }
      return refused;
    },
    readTotals: ipvs.readTotals?.bind(ipvs),
    close: () => ipvs.close(),
  };
}

function isSysctl(operation: Operation): operation is SetSysctl {
  return operation.kind === 'set-sysctl';
}

/**
 * Splits a wave, in order: each sysctl is a part, and so are all operations between two of them.
 */
function split(wave: readonly Operation[]): Operation[][] {
  const parts: Operation[][] = [];
  for (const operation of wave) {
    const last = parts.at(-1);
    if (!last || isSysctl(operation) || (last[0] && isSysctl(last[0]))) parts.push([operation]);
    else last.push(operation);
  }
  return parts;
}

/** Returns the sorted names of all sysctls, none when there is no folder. Throws `IO`. */
export async function readSysctlNames(folder = FOLDER): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (isAbsent(error)) return [];
    throw cannotRead(folder, error);
  });
  return names.sort();
}

/** Reads all sysctls. Throws `IO` when a file cannot be read. */
async function readSysctls(folder: string): Promise<Sysctls> {
  const names = await readSysctlNames(folder);
  const values = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        // The module can be unloaded while its files are read.
        if (isAbsent(error)) return undefined;
        throw cannotRead(path, error);
      });
      return text === undefined ? [] : [[name, trimSysctl(text)] as const];
    }),
  );
  return new Map(values.flat());
}

/** Writes a value with one call: the kernel would take a second call for another value. */
async function writeSysctl(folder: string, operation: SetSysctl): Promise<Refused> {
  try {
    await writeFile(join(folder, operation.name), `${operation.value}\n`, { flag: 'r+' });
    return new Map();
  } catch (error) {
    return new Map([[0, refusal(operation, (error as NodeJS.ErrnoException).code as ErrnoName)]]);
  }
}

function refusal(operation: SetSysctl, errno: ErrnoName): KernelError {
  const request = formatOperation(operation);
  const { message, hint } = EXPLANATIONS[errno] ?? { message: 'refused by the kernel' };
  const code =
    errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS' ? 'PERMISSION' : 'KERNEL';
  return new KernelError(errno, request, `${request}: ${message} (${errno})`, {
    code,
    ...(hint === undefined ? {} : { hint }),
  });
}

const EXPLANATIONS: Readonly<
  Partial<Record<ErrnoName, { readonly message: string; readonly hint?: string }>>
> = {
  EINVAL: { message: 'the kernel does not accept this value' },
  ERANGE: { message: 'the kernel does not accept this value' },
  ENOENT: { message: 'this kernel has no such sysctl' },
  EACCES: { message: 'permission denied', hint: 'Sysctls need root.' },
  EPERM: { message: 'permission denied', hint: 'Sysctls need root.' },
  EROFS: {
    message: 'the file system is read-only',
    hint: [
      'A container needs a writable /proc/sys: run it privileged.',
      'A systemd unit needs ReadWritePaths=/proc/sys/net/ipv4.',
    ].join(' '),
  },
};
