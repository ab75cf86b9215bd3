import { addressFamily } from '../model/address.ts';
import type { Operation } from '../model/operation.ts';
import { type Service, type ServiceIdentity, type ServiceKey, serviceFamily } from '../model/service.ts';
import type { ServiceEntry, Table } from '../model/table.ts';
import type { Change } from './change.ts';
import { diff } from './diff.ts';

/** Why the operations of a wave are where they are. */
export type Purpose =
  /** Stops sync daemons that would forbid a later operation. */
  | 'unblock'
  /** Uses each scheduler and engine that the table does not use yet, because only use tells whether the kernel has it. */
  | 'probe'
  /** Adds, and edits that take nothing away. */
  | 'make'
  /** In kept services: lowers weights, then deletes. Only safe once everything before it has succeeded. */
  | 'break'
  /** Deletes services. */
  | 'remove'
  /** Timeouts and daemons. */
  | 'finish';

export interface Step {
  readonly operation: Operation;
  /** Index of the change that it serves, in `Plan.changes`. */
  readonly change: number;
}

/** Operations that are sent together: none of them is unsafe if another one of the wave fails. */
export interface Wave {
  readonly purpose: Purpose;
  readonly steps: readonly Step[];
}

/** Ordered operations with the changes they serve. */
export interface Plan {
  readonly live: Table;
  /** The whole table after the plan. */
  readonly desired: Table;
  readonly changes: readonly Change[];
  readonly waves: readonly Wave[];
}

/**
 * Orders what turns `live` into `desired` so that traffic keeps flowing: a service that has a usable destination before and after
 * the plan has one after each single operation. The waves run one after another, each only when the one before it succeeded whole.
 */
export function plan(live: Table, desired: Table): Plan {
  const changes = diff(live, desired);
  const steps = new Map<Purpose, Step[]>();
  const push = (purpose: Purpose, change: number, ...operations: Operation[]): void => {
    const wave = steps.get(purpose) ?? [];
    steps.set(purpose, wave);
    for (const operation of operations) wave.push({ operation, change });
  };

  const probe = schedulerProbe(live);
  const raises: [number, Operation][] = [];
  const edits: [number, Operation][] = [];
  const deletes: [number, Operation][] = [];
  /** Pools are filled while their service schedules nothing, so that no client meets a half-filled one. */
  let filling: { readonly change: number; readonly service: Service } | undefined;
  const endOfService = (): void => {
    for (const [change, operation] of [...raises.splice(0), ...edits.splice(0)]) push('make', change, operation);
    for (const [change, operation] of deletes.splice(0)) push('break', change, operation);
    if (filling) push('make', filling.change, { kind: 'edit-service', service: filling.service });
    filling = undefined;
  };

  let current: ServiceKey | undefined;
  for (const [index, change] of changes.entries()) {
    const key = change.object === 'service' || change.object === 'destination' ? change.service : undefined;
    if (key !== current) endOfService();
    current = key;
    switch (change.object) {
      case 'service': {
        const { before, after } = change;
        if (!after) {
          if (before) push('remove', index, { kind: 'delete-service', service: before.service.identity });
        } else if (before) {
          push(probe(after.service) ? 'probe' : 'make', index, { kind: 'edit-service', service: after.service });
        } else {
          const fills = isFilled(after);
          const unscheduled: Service = { ...after.service, scheduler: 'none' };
          if (probe(after.service)) {
            push('probe', index, { kind: 'add-service', service: after.service });
            if (fills) push('make', index, { kind: 'edit-service', service: unscheduled });
          } else {
            push('make', index, { kind: 'add-service', service: fills ? unscheduled : after.service });
          }
          if (fills) filling = { change: index, service: after.service };
        }
        break;
      }
      case 'destination': {
        const service = identityOf(change.service, live, desired);
        const { before, after } = change;
        if (!after) {
          if (before) deletes.push([index, { kind: 'delete-destination', service, destination: before }]);
        } else if (!before) push('make', index, { kind: 'add-destination', service, destination: after });
        else if (after.weight > before.weight) raises.push([index, { kind: 'edit-destination', service, destination: after }]);
        else if (after.weight === before.weight) edits.push([index, { kind: 'edit-destination', service, destination: after }]);
        else push('break', index, { kind: 'edit-destination', service, destination: after });
        break;
      }
      case 'timeouts':
        push('finish', index, { kind: 'set-timeouts', timeouts: change.after });
        break;
      case 'daemon':
        if (change.before) {
          push(addsMixedFamily(changes, live, desired) ? 'unblock' : 'finish', index, { kind: 'stop-daemon', role: change.role });
        }
        if (change.after) push('finish', index, { kind: 'start-daemon', daemon: change.after });
        break;
      default:
        change satisfies never;
    }
  }
  endOfService();

  const order: readonly Purpose[] = ['unblock', 'probe', 'make', 'break', 'remove', 'finish'];
  const waves = order.flatMap((purpose) => {
    const wave = steps.get(purpose);
    return wave ? [{ purpose, steps: wave }] : [];
  });
  return { live, desired, changes, waves };
}

/** A service without destinations, or without a scheduler, has nothing to hide while it is built. */
function isFilled(entry: ServiceEntry): boolean {
  return entry.destinations.size > 0 && entry.service.scheduler !== 'none';
}

/** True once for each scheduler and engine that no live service uses: those may be missing from the kernel. */
function schedulerProbe(live: Table): (service: Service) => boolean {
  const known = new Set(['scheduler none', 'engine ']);
  for (const { service } of live.services.values()) known.add(`scheduler ${service.scheduler}`).add(`engine ${service.persistenceEngine}`);
  return (service) => {
    const size = known.size;
    return known.add(`scheduler ${service.scheduler}`).add(`engine ${service.persistenceEngine}`).size > size;
  };
}

function identityOf(key: ServiceKey, live: Table, desired: Table): ServiceIdentity {
  const entry = desired.services.get(key) ?? live.services.get(key);
  if (!entry) throw new Error(`a change of a service that is in neither table: ${key}`);
  return entry.service.identity;
}

/** A running sync daemon and a destination of another family than its service's exclude each other (kernel: ip_vs_add_dest). */
function addsMixedFamily(changes: readonly Change[], live: Table, desired: Table): boolean {
  return changes.some(
    (change) =>
      change.object === 'destination' &&
      change.after !== undefined &&
      addressFamily(change.after.address) !== serviceFamily(identityOf(change.service, live, desired)),
  );
}
