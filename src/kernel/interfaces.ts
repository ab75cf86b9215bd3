import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotRead, isAbsent } from '../errors.ts';

/**
 * The network interfaces by name, with the kernel's index of each. Another interface of the same
 * name has another index. undefined: the index of an interface without multicast is not known.
 */
export type Interfaces = ReadonlyMap<string, number | undefined>;

/** Reads the interfaces of this process's network namespace. Throws `IO`. */
export async function readInterfaces(folder = '/proc/self/net'): Promise<Interfaces> {
  const [names, groups, groups6] = await Promise.all([
    readNames(join(folder, 'dev')),
    readLines(join(folder, 'igmp')),
    readLines(join(folder, 'igmp6')),
  ]);
  const indexes = new Map(
    [...groups, ...groups6].flatMap((line) => {
      // `2	eth0      :     1      V3`, and `2    eth0            ff0200...` in igmp6.
      const [, index, name] = /^(\d+)\s+([^\s:]+)/.exec(line) ?? [];
      return index === undefined || name === undefined ? [] : [[name, Number(index)] as const];
    }),
  );
  return new Map(names.map((name) => [name, indexes.get(name)]));
}

/** Returns the state of one interface as text, which changes when the interface is another one. */
export function formatInterface(interfaces: Interfaces, name: string): string {
  return `${name}:${interfaces.has(name) ? (interfaces.get(name) ?? 'exists') : 'gone'}`;
}

async function readNames(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw cannotRead(path, error);
  });
  // Two lines of headings, then `  eth0: 1 2 3 ...`.
  return text
    .split('\n')
    .slice(2)
    .map((line) => line.slice(0, Math.max(0, line.lastIndexOf(':'))).trim())
    .filter((name) => name !== '');
}

/** Returns no lines where the kernel has no such file, because it was built without multicast. */
async function readLines(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isAbsent(error)) return '';
    throw cannotRead(path, error);
  });
  return text.split('\n');
}
