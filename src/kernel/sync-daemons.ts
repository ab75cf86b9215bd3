import { KernelError } from '../errors.ts';
import type { Ipvs } from '../model/ipvs.ts';
import { formatOperation, type Operation } from '../model/operation.ts';
import {
  DAEMON_ROLES,
  type Daemon,
  type DaemonRole,
  type RunningDaemon,
  sameDaemon,
} from '../model/settings.ts';
import { type Interfaces, readInterfaces } from './interfaces.ts';

/**
 * Adds to a kernel's table what depends on network interfaces.
 *
 * It refuses to start a sync daemon on an interface that does not exist, before anything is sent.
 * The kernel refuses it as well, but only after the running daemon of that role was stopped: so the
 * stop is not sent either, and the running daemon stays.
 *
 * It marks a running daemon as stranded when its interface is gone. The kernel keeps such a daemon
 * in its list, although it can send and receive nothing.
 */
export function withInterfaces(ipvs: Ipvs, folder?: string): Ipvs {
  const bound = new BoundDaemons();
  return {
    info: () => ipvs.info(),
    read: async (options) => {
      const snapshot = await ipvs.read(options);
      const { table } = snapshot;
      if (table.daemons.length === 0) return snapshot;
      const daemons = bound.mark(table.daemons, await readInterfaces(folder));
      return { ...snapshot, table: { ...table, daemons } };
    },
    execute: async (wave) => {
      if (!wave.some(({ kind }) => kind === 'start-daemon')) return ipvs.execute(wave);
      const interfaces = await readInterfaces(folder);
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
      for (const [index, operation] of wave.entries())
        if (operation.kind === 'start-daemon' && !refused.has(index))
          bound.forget(operation.daemon.role);
      return refused;
    },
    readTotals: ipvs.readTotals?.bind(ipvs),
    close: () => ipvs.close(),
  };
}

/** The interface that each running daemon was first seen with. */
class BoundDaemons {
  readonly #seen = new Map<
    DaemonRole,
    { readonly daemon: Daemon; readonly index: number | undefined; isStranded: boolean }
  >();

  mark(daemons: readonly Daemon[], interfaces: Interfaces): RunningDaemon[] {
    for (const role of DAEMON_ROLES)
      if (!daemons.some((daemon) => daemon.role === role)) this.#seen.delete(role);
    return daemons.map((daemon) => {
      const { role, interface: name } = daemon;
      const index = interfaces.get(name);
      let seen = this.#seen.get(role);
      if (!seen || !sameDaemon(seen.daemon, daemon)) seen = { daemon, index, isStranded: false };
      const isOther = seen.index !== undefined && index !== undefined && seen.index !== index;
      if (isOther || !interfaces.has(name)) seen.isStranded = true;
      this.#seen.set(role, seen);
      return seen.isStranded ? { ...daemon, isStranded: true } : daemon;
    });
  }

  /** Forgets the interface of a daemon that was started. */
  forget(role: DaemonRole): void {
    this.#seen.delete(role);
  }
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
