import { defaultsOf } from '../../model/attributes.ts';
import { type Destination, type DestinationKey, sameDestination } from '../../model/destination.ts';
import { type Service, type ServiceKey, sameService } from '../../model/service.ts';
import {
  DAEMON_ATTRIBUTES,
  DAEMON_ROLES,
  type Daemon,
  type DaemonRole,
  mapTimeouts,
  sameDaemon,
  type Timeouts,
} from '../../model/settings.ts';
import { sameSysctl } from '../../model/sysctl.ts';
import type { ServiceEntry, Table } from '../../model/table.ts';
import { completeDaemons } from '../scope.ts';
import { type RolledBack, rollBackChanges } from './roll-back.ts';

interface Sides<Value> {
  /** undefined when the object was not there. */
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

/** The effect of one of our operations on one object. */
export type Effect =
  | ({ readonly object: 'service'; readonly service: ServiceKey } & Sides<Service>)
  | ({
      readonly object: 'destination';
      readonly service: ServiceKey;
      readonly destination: DestinationKey;
    } & Sides<Destination>)
  | ({ readonly object: 'timeout'; readonly name: keyof Timeouts } & Sides<number>)
  | ({ readonly object: 'daemon'; readonly role: DaemonRole } & Sides<Daemon>)
  | ({ readonly object: 'sysctl'; readonly name: string } & Sides<string>);

/** An effect, and whether an answer says that the kernel did it. */
export type Write = Effect & { readonly isCertain: boolean };

/**
 * Rolls writes back, which several runs made, oldest first. Other programs may have written in
 * between and since. An object goes back as far as our writes follow on each other. Where another
 * program wrote between two of them, the object gets the value that the other program gave it, and
 * is contested.
 */
export function rollBackWrites(writes: readonly Write[], live: Table): RolledBack {
  const interrupted = new Set<string>();
  const { before, after } = differenceOf(writes, live, interrupted);
  const { table, contested } = rollBackChanges(before, after, live);
  return { table, contested: [...new Set([...contested, ...interrupted])] };
}

/**
 * Makes two tables that differ only in the objects that were written to, as our writes that follow
 * on each other changed them. `interrupted` gets the names of objects that go back only in part.
 */
function differenceOf(
  writes: readonly Write[],
  live: Table,
  interrupted: Set<string>,
): { readonly before: Table; readonly after: Table } {
  const note = (name: string, chain: Chain<unknown>): void => {
    if (chain.isInterrupted) interrupted.add(name);
  };
  const services = serviceSides(writes, live, interrupted, note);
  const timeouts = new Map<string, Chain<number>>();
  for (const [name, group] of grouped(writes, 'timeout', (write) => write.name)) {
    const chain = follow(group, live.timeouts[name], Object.is);
    timeouts.set(name, chain);
    note('timeouts', chain);
  }
  const daemons = new Map<string, Chain<Daemon>>();
  for (const [role, group] of grouped(writes, 'daemon', (write) => write.role)) {
    const chain = follow(group, daemonOf(role, live), isStarted);
    daemons.set(role, chain);
    note(`${role} sync daemon`, chain);
  }
  const sysctls = new Map<string, Chain<string>>();
  for (const [name, group] of grouped(writes, 'sysctl', (write) => write.name)) {
    const chain = follow(group, live.sysctls?.get(name), (a, b) => sameSysctl(name, a, b));
    sysctls.set(name, chain);
    note(`sysctl ${name}`, chain);
  }
  const table = (side: 'before' | 'after'): Table => ({
    services: services[side],
    timeouts: mapTimeouts((name) => timeouts.get(name)?.[side] ?? live.timeouts[name]),
    daemons: completeDaemons(
      DAEMON_ROLES.flatMap((role) => {
        const chain = daemons.get(role);
        return (chain ? chain[side] : daemonOf(role, live)) ?? [];
      }),
      live.daemons,
    ),
    sysctls: new Map([...sysctls].map(([name, chain]) => [name, chain[side] ?? ''])),
  });
  return { before: table('before'), after: table('after') };
}

function serviceSides(
  writes: readonly Write[],
  live: Table,
  interrupted: Set<string>,
  note: (name: string, chain: Chain<unknown>) => void,
): Readonly<Record<'before' | 'after', Map<ServiceKey, ServiceEntry>>> {
  const before = new Map(live.services);
  const after = new Map(live.services);
  const own = grouped(writes, 'service', ({ service }) => service);
  const below = grouped(writes, 'destination', ({ service }) => service);
  for (const key of new Set([...own.keys(), ...below.keys()])) {
    const entry = live.services.get(key);
    const group = own.get(key) ?? [];
    const chain = follow(group, entry?.service, sameService);
    note(key, chain);
    const was = new Map<DestinationKey, Destination>();
    const ours = new Map<DestinationKey, Destination>();
    const destinations = grouped(below.get(key) ?? [], 'destination', (write) => write.destination);
    for (const [name, list] of destinations) {
      const found = follow(list, entry?.destinations.get(name), sameDestination);
      note(`${key} ${name}`, found);
      if (found.before) was.set(name, found.before);
      if (found.after) ours.set(name, found.after);
    }
    let service = chain.before;
    if (!service && was.size > 0) {
      // Another program put a destination into our service: the service has to stay with it.
      service = chain.after ?? group.findLast((write) => write.before)?.before;
      interrupted.add(key);
    }
    put(before, key, service && { service, destinations: was });
    put(after, key, chain.after && { service: chain.after, destinations: ours });
  }
  return { before, after };
}

function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

type WriteOf<Name extends Write['object']> = Extract<Write, { object: Name }>;

/** The writes to one kind of object, by the object. */
function grouped<Name extends Write['object'], Key>(
  writes: readonly Write[],
  object: Name,
  keyOf: (write: WriteOf<Name>) => Key,
): Map<Key, WriteOf<Name>[]> {
  const groups = new Map<Key, WriteOf<Name>[]>();
  for (const write of writes.filter((other): other is WriteOf<Name> => other.object === object)) {
    const key = keyOf(write);
    const group = groups.get(key);
    if (group) group.push(write);
    else groups.set(key, [write]);
  }
  return groups;
}

interface Chain<Value> {
  readonly before: Value | undefined;
  readonly after: Value | undefined;
  /** True when another program wrote between our writes, and its value is not the oldest one. */
  readonly isInterrupted: boolean;
}

/**
 * Follows the writes to one object from its live value to the oldest write. A write without an
 * answer was done if its value is the next one; otherwise it counts as not done. When another
 * program wrote after the last write, the chain is our whole difference, which the live value
 * contradicts.
 */
function follow<Value>(
  writes: readonly (Sides<Value> & Pick<Write, 'isCertain'>)[],
  live: Value | undefined,
  same: (ours: Value, found: Value) => boolean,
): Chain<Value> {
  const isSame = (a: Value | undefined, b: Value | undefined): boolean =>
    a === b || (a !== undefined && b !== undefined && same(a, b));
  const oldest = writes[0] ? writes[0].before : live;
  let value = live;
  let isLinked = false;
  for (const write of writes.toReversed()) {
    if (isSame(write.after, value)) {
      value = write.before;
      isLinked = true;
    } else if (write.isCertain) {
      if (!isLinked) return { before: oldest, after: write.after, isInterrupted: false };
      return { before: value, after: live, isInterrupted: !isSame(oldest, value) };
    }
  }
  return { before: value, after: live, isInterrupted: false };
}

function daemonOf(wanted: DaemonRole, { daemons }: Table): Daemon | undefined {
  return daemons.find(({ role }) => role === wanted);
}

const DAEMON_DEFAULTS = defaultsOf(DAEMON_ATTRIBUTES);

/** Tells whether a daemon is one that was asked for. The kernel fills in what was left open. */
function isStarted(asked: Daemon, found: Daemon): boolean {
  const daemon: Daemon = {
    ...asked,
    maxLength: asked.maxLength || found.maxLength,
    group: asked.group ?? DAEMON_DEFAULTS.group,
    port: asked.port || DAEMON_DEFAULTS.port,
    ttl: asked.ttl || DAEMON_DEFAULTS.ttl,
  };
  return sameDaemon(daemon, found);
}
