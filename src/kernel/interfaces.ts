import { readFile } from 'node:fs/promises';
import { cannotRead, KernelError } from '../errors.ts';
import type { Ipvs } from '../model/ipvs.ts';
import { formatOperation, type Operation } from '../model/operation.ts';
import type { DaemonRole } from '../model/settings.ts';

/**
 * Refuses to start a sync daemon on a network interface that does not exist, before anything is
 * sent. The kernel refuses it as well, but only after the running daemon of that role was stopped:
 * so the stop is not sent either, and the running daemon stays.
 */
export function withInterfaces(ipvs: Ipvs, path = '/proc/self/net/dev'): Ipvs {
  return {
    info: () => ipvs.info(),
    read: (options) => ipvs.read(options),
    execute: async (wave) => {
      if (!wave.some(({ kind }) => kind === 'start-daemon')) return ipvs.execute(wave);
      const interfaces = await readInterfaces(path);
      const missing = new Map<DaemonRole, KernelError>();
      for (const operation of wave)
        if (operation.kind === 'start-daemon' && !interfaces.has(operation.daemon.interface))
          missing.set(operation.daemon.role, refusal(operation));
      const errors = wave.map((operation) => missing.get(roleOf(operation) as DaemonRole));
      const sent = [...wave.keys()].filter((index) => errors[index] === undefined);
      const answers =
        sent.length === 0 ? new Map() : await ipvs.execute(sent.map((at) => wave[at] as Operation));
      const refused = new Map<number, KernelError>();
      for (const [index, error] of errors.entries()) if (error) refused.set(index, error);
      for (const [index, error] of answers) refused.set(sent[index] as number, error);
      return refused;
    },
    close: () => ipvs.close(),
  };
}

/** Names of the network interfaces of this process's network namespace. Throws `IO`. */
export async function readInterfaces(path = '/proc/self/net/dev'): Promise<ReadonlySet<string>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw cannotRead(path, error);
  });
  // Two lines of headings, then `  eth0: 1 2 3 ...`.
  return new Set(
    text
      .split('\n')
      .slice(2)
      .map((line) => line.slice(0, Math.max(0, line.lastIndexOf(':'))).trim())
      .filter((name) => name !== ''),
  );
}

function roleOf(operation: Operation): DaemonRole | undefined {
  if (operation.kind === 'start-daemon') return operation.daemon.role;
  return operation.kind === 'stop-daemon' ? operation.role : undefined;
}

function refusal(operation: Extract<Operation, { kind: 'start-daemon' }>): KernelError {
  const request = formatOperation(operation);
  const { role, interface: name } = operation.daemon;
  return new KernelError(
    'ENODEV',
    request,
    `${request}: there is no network interface ${name} for the ${role} sync daemon (ENODEV)`,
    { hint: '`ip link` lists the interfaces.' },
  );
}
