import {
  compareDestinations,
  type Destination,
  type DestinationKey,
  sameDestination,
} from './destination.ts';
import { type DrainKey, parseDrainKey } from './drain.ts';
import { compareServices, type Service, type ServiceKey, sameService } from './service.ts';
import type { RunningDaemon, Timeouts } from './settings.ts';

/** A virtual service with its destinations. Immutable, as is everything in a `Table`. */
export interface ServiceEntry {
  readonly service: Service;
  readonly destinations: ReadonlyMap<DestinationKey, Destination>;
}

/** The whole IPVS configuration of one network namespace. `diff` compares two of them. */
export interface Table {
  readonly services: ReadonlyMap<ServiceKey, ServiceEntry>;
  readonly timeouts: Timeouts;
  /** Master first, at most one of each role. */
  readonly daemons: readonly RunningDaemon[];
  /**
   * The values of `net.ipv4.vs.*` by name, without blanks around them. Missing when they were not
   * read, or are not to be changed.
   */
  readonly sysctls?: Sysctls;
}

export type Sysctls = ReadonlyMap<string, string>;

/**
 * Returns the services in the order of `compareServices`. The order of the map means nothing: the
 * kernel lists by hash bucket.
 */
export function sortedServices(table: Pick<Table, 'services'>): ServiceEntry[] {
  return [...table.services.values()].sort((a, b) =>
    compareServices(a.service.identity, b.service.identity),
  );
}

export function sortedDestinations(entry: ServiceEntry): Destination[] {
  return [...entry.destinations.values()].sort(compareDestinations);
}

/**
 * Tells whether new connections can be served: the service has a scheduler, and a destination that
 * gets new connections.
 */
export function isServed(entry: ServiceEntry): boolean {
  if (entry.service.scheduler === 'none') return false;
  for (const destination of entry.destinations.values()) if (destination.weight > 0) return true;
  return false;
}

/** Tells whether two services have equal settings and equal destinations. */
export function sameEntry(a: ServiceEntry, b: ServiceEntry): boolean {
  if (a.destinations.size !== b.destinations.size || !sameService(a.service, b.service))
    return false;
  for (const [key, destination] of a.destinations) {
    const other = b.destinations.get(key);
    if (other === undefined || !sameDestination(destination, other)) return false;
  }
  return true;
}

/** Returns a table with other weights. One of a destination that it does not have is left out. */
export function withWeights(table: Table, weights: ReadonlyMap<DrainKey, number>): Table {
  const changed = new Map<ServiceKey, Map<DestinationKey, Destination>>();
  for (const [key, weight] of weights) {
    const { service, destination } = parseDrainKey(key);
    const entry = table.services.get(service);
    const found = entry?.destinations.get(destination);
    if (!entry || !found) continue;
    const destinations = changed.get(service) ?? new Map(entry.destinations);
    changed.set(service, destinations.set(destination, { ...found, weight }));
  }
  if (changed.size === 0) return table;
  const services = new Map(table.services);
  for (const [key, destinations] of changed) {
    const entry = table.services.get(key);
    if (entry) services.set(key, { ...entry, destinations });
  }
  return { ...table, services };
}
