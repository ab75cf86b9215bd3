import { type ServiceEntry, sortedDestinations, type Table } from '../model/table.ts';
import { daemonFields, destinationFields, serviceFields, timeoutFields } from './fields.ts';

/**
 * Returns one line that is equal exactly when two services and their destinations are equal.
 * Counters take no part.
 */
export function serviceFingerprint(entry: ServiceEntry): string {
  const destinations = sortedDestinations(entry).map((destination) => [
    destination.key,
    Object.values(destinationFields(destination)),
  ]);
  return JSON.stringify([
    entry.service.key,
    Object.values(serviceFields(entry.service)),
    destinations,
  ]);
}

/** Returns the same for timeouts and sync daemons. */
export function settingsFingerprint({
  timeouts,
  daemons,
}: Pick<Table, 'timeouts' | 'daemons'>): string {
  return JSON.stringify([
    Object.values(timeoutFields(timeouts)),
    daemons.map((daemon) => [daemon.role, Object.values(daemonFields(daemon))]),
  ]);
}
