import type { Operation } from '../model/operation.ts';
import { isMixedFamily } from '../model/rules.ts';
import {
  type Service,
  type ServiceIdentity,
  type ServiceKey,
  serviceFamily,
} from '../model/service.ts';
import { mapTimeouts, type Timeouts } from '../model/settings.ts';
import type { ServiceEntry, Table } from '../model/table.ts';
import type { Change } from './change.ts';
import type { Place } from './place.ts';

interface PlacedOperation {
  readonly place: Place;
  readonly operation: Operation;
}

type ServiceChange = Extract<Change, { object: 'service' }>;
type DestinationChange = Extract<Change, { object: 'destination' }>;
type DaemonChange = Extract<Change, { object: 'daemon' }>;

/** Returns a function from a change to its operations. Call it with each of `changes` in turn. */
export function operationsFor(
  live: Table,
  desired: Table,
  changes: readonly Change[],
): (change: Change) => PlacedOperation[] {
  const probe = kernelProbe(live);
  const identity = (key: ServiceKey): ServiceIdentity => identityOf(key, live, desired);
  const startsDaemon = changes.some(({ object, after }) => object === 'daemon' && after);
  const starting = startsDaemon && hasMixedFamily(live) ? 'finish' : 'settle';
  const stopping = changes.some(
    (change) =>
      change.object === 'destination' &&
      change.after &&
      isMixedFamily(identity(change.service), change.after.address),
  )
    ? 'unblock'
    : starting;
  return (change) => {
    switch (change.object) {
      case 'service':
        return serviceOperations(change, probe);
      case 'destination':
        return [destinationOperation(change, identity(change.service))];
      case 'sysctl':
        return [
          {
            place: 'tune',
            operation: { kind: 'set-sysctl', name: change.name, value: change.after },
          },
        ];
      case 'timeouts':
        return [
          {
            place: 'settle',
            operation: {
              kind: 'set-timeouts',
              timeouts: changedTimeouts(change.before, change.after),
            },
          },
        ];
      case 'daemon':
        return daemonOperations(change, stopping, starting);
      default:
        return change satisfies never;
    }
  };
}

function serviceOperations(
  { before, after }: ServiceChange,
  probe: (service: Service) => boolean,
): PlacedOperation[] {
  if (!after)
    return before
      ? [
          {
            place: 'remove',
            operation: { kind: 'delete-service', service: before.service.identity },
          },
        ]
      : [];
  const { service } = after;
  if (!before) return addService(after, probe);
  const edit: Operation = { kind: 'edit-service', service };
  if (service.scheduler === 'none' && before.service.scheduler !== 'none')
    return [{ place: 'unschedule', operation: edit }];
  // No probe: the service would schedule to the half-filled pool of an interrupted plan.
  if (before.service.scheduler === 'none' && isFilled(after))
    return [{ place: 'schedule', operation: edit }];
  return [{ place: probe(service) ? 'probe' : 'settings', operation: edit }];
}

function addService(entry: ServiceEntry, probe: (service: Service) => boolean): PlacedOperation[] {
  const { service } = entry;
  const unscheduled: Service = { ...service, scheduler: 'none' };
  const isUnknown = probe(service);
  if (!isFilled(entry))
    return [
      { place: isUnknown ? 'probe' : 'settings', operation: { kind: 'add-service', service } },
    ];
  const schedule: PlacedOperation = {
    place: 'schedule',
    operation: { kind: 'edit-service', service },
  };
  if (!isUnknown)
    return [
      { place: 'settings', operation: { kind: 'add-service', service: unscheduled } },
      schedule,
    ];
  return [
    { place: 'probe', operation: { kind: 'add-service', service } },
    { place: 'settings', operation: { kind: 'edit-service', service: unscheduled } },
    schedule,
  ];
}

function destinationOperation(
  { before, after }: DestinationChange,
  service: ServiceIdentity,
): PlacedOperation {
  if (!after) {
    if (!before) throw new Error('a change of a destination that neither table has');
    return {
      place: 'delete',
      operation: { kind: 'delete-destination', service, destination: before },
    };
  }
  if (!before)
    return { place: 'add', operation: { kind: 'add-destination', service, destination: after } };
  const place =
    after.weight > before.weight ? 'raise' : after.weight === before.weight ? 'edit' : 'lower';
  return { place, operation: { kind: 'edit-destination', service, destination: after } };
}

/** The kernel cannot edit a daemon, so it is stopped and started. */
function daemonOperations(
  { role, before, after }: DaemonChange,
  stopping: Place,
  starting: Place,
): PlacedOperation[] {
  const operations: PlacedOperation[] = [];
  if (before) operations.push({ place: stopping, operation: { kind: 'stop-daemon', role } });
  if (after)
    operations.push({ place: starting, operation: { kind: 'start-daemon', daemon: after } });
  return operations;
}

/** While a destination has another family than its service, the kernel starts no daemon. */
function hasMixedFamily({ services }: Table): boolean {
  for (const { service, destinations } of services.values())
    for (const { address } of destinations.values())
      if (isMixedFamily(service.identity, address)) return true;
  return false;
}

/**
 * Returns 0 for a timeout that does not change, so that a value that another program sets meanwhile
 * stays.
 */
function changedTimeouts(before: Timeouts, after: Timeouts): Timeouts {
  return mapTimeouts((name) => (after[name] === before[name] ? 0 : after[name]));
}

/**
 * Tells whether a service could schedule to a half-filled pool while it is built: it has
 * destinations and a scheduler.
 */
function isFilled(entry: ServiceEntry): boolean {
  return entry.destinations.size > 0 && entry.service.scheduler !== 'none';
}

/**
 * Returns a function that is true once for each need that no live service has. The kernel may lack
 * what is needed.
 */
function kernelProbe(live: Table): (service: Service) => boolean {
  const known = new Set(['scheduler none', 'engine ']);
  for (const { service } of live.services.values())
    for (const need of needsOf(service)) known.add(need);
  return (service) => {
    const size = known.size;
    for (const need of needsOf(service)) known.add(need);
    return known.size > size;
  };
}

/** A feature that a kernel can lack: a scheduler, a persistence engine, or IPv6. */
function needsOf({ identity, scheduler, persistenceEngine }: Service): readonly string[] {
  const needs = [`scheduler ${scheduler}`, `engine ${persistenceEngine}`];
  return serviceFamily(identity) === 'ipv6' ? [...needs, 'IPv6'] : needs;
}

function identityOf(key: ServiceKey, live: Table, desired: Table): ServiceIdentity {
  const entry = desired.services.get(key) ?? live.services.get(key);
  if (!entry) throw new Error(`a change of a service that neither table has: ${key}`);
  return entry.service.identity;
}
