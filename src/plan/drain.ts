import type { Destination, DestinationKey } from '../model/destination.ts';
import { type DrainKey, drainKey, type PendingDrain } from '../model/drain.ts';
import type { ServiceCounters } from '../model/ipvs.ts';
import type { ServicePolicy } from '../model/policy.ts';
import type { ServiceKey } from '../model/service.ts';
import type { ServiceEntry, Table } from '../model/table.ts';

/**
 * A destination that the plan would delete, and that keeps weight 0 until its connections are gone.
 */
export interface Drain extends PendingDrain {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly connections: number;
  /** Seconds until it is deleted, whatever connections it has. */
  readonly secondsLeft: number;
}

export interface DrainClock {
  /** The monotonic clock, in seconds. */
  readonly now: number;
  readonly pending: ReadonlyMap<DrainKey, PendingDrain>;
}

export interface Drained {
  readonly entry: ServiceEntry;
  readonly drains: readonly Drain[];
}

/**
 * Keeps the destinations that the file no longer has, as long as they have connections and time.
 * One that still gets new connections is kept as well, with weight 0, until the next read: a
 * connection that arrived after this read is in no counter yet. UDP has no connections whose end
 * can be waited for, so its destinations are deleted at once.
 */
export function drain(
  desired: ServiceEntry,
  live: ServiceEntry,
  { drainSeconds }: ServicePolicy,
  counters: ServiceCounters | undefined,
  clock: DrainClock,
): Drained {
  const { identity, key: service } = desired.service;
  if (drainSeconds === undefined || (identity.kind === 'address' && identity.protocol === 'udp'))
    return { entry: desired, drains: [] };
  const drains: Drain[] = [];
  const destinations = new Map<DestinationKey, Destination>(desired.destinations);
  for (const [key, destination] of live.destinations) {
    const connections = counters?.destinations.get(key)?.active ?? 0;
    if (desired.destinations.has(key) || (connections === 0 && destination.weight === 0)) continue;
    const begun = clock.pending.get(drainKey(service, key));
    const { deadlineSeconds, weight } = begun ?? {
      deadlineSeconds: clock.now + drainSeconds,
      weight: destination.weight,
    };
    const secondsLeft = deadlineSeconds - clock.now;
    if (secondsLeft <= 0) continue;
    destinations.set(key, { ...destination, weight: 0 });
    drains.push({ service, destination: key, connections, deadlineSeconds, weight, secondsLeft });
  }
  return { entry: { service: desired.service, destinations }, drains };
}

/**
 * Returns a sentence for each sysctl that works against the drains. The values of the desired table
 * count, because they are written first.
 */
export function drainWarnings(drains: readonly Drain[], live: Table, desired: Table): string[] {
  if (drains.length === 0) return [];
  const sysctl = (name: string): string | undefined =>
    desired.sysctls?.get(name) ?? live.sysctls?.get(name);
  const warnings: string[] = [];
  const persistent = new Set<ServiceKey>(
    drains
      .map(({ service }) => service)
      .filter((service) => desired.services.get(service)?.service.persistent),
  );
  if (sysctl('expire_quiescent_template') === '0' && persistent.size > 0) {
    const services = [...persistent].join(', ');
    warnings.push(
      `persistent clients keep coming to what drains of ${services}, ` +
        'because net.ipv4.vs.expire_quiescent_template is 0',
    );
  }
  if (sysctl('expire_nodest_conn') === '1') {
    warnings.push(
      'connections that are left when a drain ends are reset, ' +
        'because net.ipv4.vs.expire_nodest_conn is 1',
    );
  }
  return warnings;
}
