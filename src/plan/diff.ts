import { compareDestinations, type Destination, sameDestination } from '../model/destination.ts';
import { compareServices, type ServiceKey, sameService } from '../model/service.ts';
import { DAEMON_ROLES, type RunningDaemon, sameDaemon, sameTimeouts } from '../model/settings.ts';
import { sameSysctl } from '../model/sysctl.ts';
import { type ServiceEntry, type Sysctls, sameEntry, type Table } from '../model/table.ts';
import type { Change } from './change.ts';

/**
 * Returns the changes that turn `before` into `after`: plain equality, key by key, in one linear
 * pass. They are sorted for reading: services in the order of `compareServices`, each followed by
 * its destinations; then timeouts, daemons and sysctls. The plan decides in which order they are
 * safe.
 */
export function diff(before: Table, after: Table): Change[] {
  const touched: ServiceEntry[] = [];
  for (const [key, entry] of before.services) {
    const other = after.services.get(key);
    if (other === undefined || (other !== entry && !sameEntry(entry, other))) touched.push(entry);
  }
  for (const [key, entry] of after.services) if (!before.services.has(key)) touched.push(entry);
  touched.sort((a, b) => compareServices(a.service.identity, b.service.identity));

  const changes = touched.flatMap(({ service: { key } }) =>
    diffService(key, before.services.get(key), after.services.get(key)),
  );
  if (!sameTimeouts(before.timeouts, after.timeouts)) {
    changes.push({ object: 'timeouts', before: before.timeouts, after: after.timeouts });
  }
  return [...changes, ...diffDaemons(before, after), ...diffSysctls(before.sysctls, after.sysctls)];
}

/**
 * Compares the sysctls that both sides have. They are read only when they matter, and cannot be
 * added or deleted.
 */
function diffSysctls(before: Sysctls | undefined, after: Sysctls | undefined): Change[] {
  if (!before || !after) return [];
  return [...after].sort(byName).flatMap(([name, value]): Change[] => {
    const live = before.get(name);
    return live === undefined || sameSysctl(name, live, value)
      ? []
      : [{ object: 'sysctl', name, before: live, after: value }];
  });
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

function diffService(
  key: ServiceKey,
  before: ServiceEntry | undefined,
  after: ServiceEntry | undefined,
): Change[] {
  const changes: Change[] = [];
  if (!before || !after || !sameService(before.service, after.service))
    changes.push({ object: 'service', service: key, before, after });
  if (after) for (const change of diffDestinations(key, before, after)) changes.push(change);
  return changes;
}

function diffDestinations(
  service: ServiceKey,
  before: ServiceEntry | undefined,
  after: ServiceEntry,
): Change[] {
  const touched: Destination[] = [];
  for (const [key, destination] of after.destinations) {
    const live = before?.destinations.get(key);
    if (!live || !sameDestination(live, destination)) touched.push(destination);
  }
  if (before) {
    for (const [key, destination] of before.destinations)
      if (!after.destinations.has(key)) touched.push(destination);
  }
  return touched.sort(compareDestinations).map(({ key }) => ({
    object: 'destination',
    service,
    destination: key,
    before: before?.destinations.get(key),
    after: after.destinations.get(key),
  }));
}

function diffDaemons(before: Table, after: Table): Change[] {
  return DAEMON_ROLES.flatMap((role) => {
    const live = before.daemons.find((daemon) => daemon.role === role);
    const wanted = after.daemons.find((daemon) => daemon.role === role);
    if (live === wanted || (live && wanted && isSettled(live, wanted))) return [];
    return [{ object: 'daemon' as const, role, before: live, after: wanted }];
  });
}

/** Tells whether nothing is to be done. A stranded daemon must be started again. */
function isSettled(live: RunningDaemon, wanted: RunningDaemon): boolean {
  return sameDaemon(live, wanted) && live.isStranded === wanted.isStranded;
}
