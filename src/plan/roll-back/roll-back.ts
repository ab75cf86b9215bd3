import { type DestinationKey, sameDestination } from '../../model/destination.ts';
import { type ServiceKey, sameService } from '../../model/service.ts';
import {
  DAEMON_ROLES,
  type Daemon,
  type DaemonRole,
  mapTimeouts,
  sameDaemon,
  type Timeouts,
} from '../../model/settings.ts';
import { sameSysctl } from '../../model/sysctl.ts';
import { type ServiceEntry, type Sysctls, sameEntry, type Table } from '../../model/table.ts';

export interface RolledBack {
  /** The live table with our changes rolled back. */
  readonly table: Table;
  /** The objects that we changed and another program changed again. They stay as they are. */
  readonly contested: readonly string[];
}

/**
 * Rolls back the changes that turned `before` into `after`, in a table that other programs may have
 * written to since: a three-way merge, object by object. Only an object that is still as we left it
 * is rolled back. The result is a table, so that the rollback is a plan like any other, in a safe
 * order.
 */
export function rollBackChanges(before: Table, after: Table, live: Table): RolledBack {
  const contested: string[] = [];
  const services = new Map(live.services);
  for (const key of new Set([...before.services.keys(), ...after.services.keys()])) {
    const was = before.services.get(key);
    const ours = after.services.get(key);
    if (was === ours || (was && ours && sameEntry(was, ours))) continue;
    const entry = rollBackService(key, was, ours, live.services.get(key), contested);
    if (entry) services.set(key, entry);
    else services.delete(key);
  }

  const timeouts = rollBackTimeouts(before.timeouts, after.timeouts, live.timeouts, contested);
  const daemons = DAEMON_ROLES.flatMap(
    (role) => rollBackDaemon(role, before, after, live, contested) ?? [],
  );
  const sysctls = rollBackSysctls(before.sysctls, after.sysctls, live.sysctls, contested);
  return {
    table: { services, timeouts, daemons, ...(sysctls && { sysctls }) },
    contested: [...new Set(contested)],
  };
}

function rollBackService(
  key: ServiceKey,
  was: ServiceEntry | undefined,
  ours: ServiceEntry | undefined,
  live: ServiceEntry | undefined,
  contested: string[],
): ServiceEntry | undefined {
  if (was === live || (was && live && sameEntry(was, live))) return live;
  if (!ours && !live) return was;
  if (!ours || !live) {
    contested.push(key);
    return live;
  }
  const destinations = rollBackDestinations(key, was, ours, live, contested);
  const isOurs = sameService(ours.service, live.service);
  if (!was) {
    if (isOurs && destinations.size === 0) return undefined;
    contested.push(key);
    return { service: live.service, destinations };
  }
  if (isOurs) return { service: was.service, destinations };
  if (!sameService(was.service, ours.service) && !sameService(was.service, live.service))
    contested.push(key);
  return { service: live.service, destinations };
}

function rollBackDestinations(
  key: ServiceKey,
  was: ServiceEntry | undefined,
  ours: ServiceEntry,
  live: ServiceEntry,
  contested: string[],
): ServiceEntry['destinations'] {
  const destinations = new Map(live.destinations);
  for (const name of new Set<DestinationKey>([
    ...(was?.destinations.keys() ?? []),
    ...ours.destinations.keys(),
  ])) {
    const old = was?.destinations.get(name);
    const mine = ours.destinations.get(name);
    const found = live.destinations.get(name);
    if (old === mine || (old && mine && sameDestination(old, mine))) continue;
    if (old === found || (old && found && sameDestination(old, found))) continue;
    if (mine ? !found || !sameDestination(mine, found) : found) contested.push(`${key} ${name}`);
    else if (old) destinations.set(name, old);
    else destinations.delete(name);
  }
  return destinations;
}

function rollBackTimeouts(
  was: Timeouts,
  ours: Timeouts,
  live: Timeouts,
  contested: string[],
): Timeouts {
  const rollBackOne = (field: keyof Timeouts): number => {
    if (was[field] === ours[field] || was[field] === live[field]) return live[field];
    if (ours[field] === live[field]) return was[field];
    contested.push('timeouts');
    return live[field];
  };
  return mapTimeouts(rollBackOne);
}

function rollBackSysctls(
  was: Sysctls | undefined,
  ours: Sysctls | undefined,
  live: Sysctls | undefined,
  contested: string[],
): Sysctls | undefined {
  if (!was || !ours || !live) return live;
  const sysctls = new Map(live);
  for (const [name, value] of was) {
    const mine = ours.get(name);
    const found = live.get(name);
    if (
      mine === undefined ||
      found === undefined ||
      sameSysctl(name, value, mine) ||
      sameSysctl(name, value, found)
    )
      continue;
    if (sameSysctl(name, mine, found)) sysctls.set(name, value);
    else contested.push(`sysctl ${name}`);
  }
  return sysctls;
}

function rollBackDaemon(
  role: DaemonRole,
  before: Table,
  after: Table,
  live: Table,
  contested: string[],
): Daemon | undefined {
  const [was, ours, found] = [before, after, live].map(({ daemons }) =>
    daemons.find((daemon) => daemon.role === role),
  );
  if (isSame(was, ours) || isSame(was, found)) return found;
  if (isSame(ours, found)) return was;
  contested.push(`${role} sync daemon`);
  return found;
}

function isSame(a: Daemon | undefined, b: Daemon | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && sameDaemon(a, b));
}
