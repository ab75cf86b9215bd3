import type { Destination, DestinationKey } from '../model/destination.ts';
import type { ServiceKey } from '../model/service.ts';
import type { DaemonRole, RunningDaemon, Timeouts } from '../model/settings.ts';
import type { ServiceEntry } from '../model/table.ts';

/**
 * A difference between two tables, in one object. The side that is missing tells whether it is an
 * add, an edit or a delete. When a service is added, its destinations are changes of their own;
 * when one is deleted, they are not.
 */
export type Change =
  | {
      readonly object: 'service';
      readonly service: ServiceKey;
      readonly before: ServiceEntry | undefined;
      readonly after: ServiceEntry | undefined;
    }
  | {
      readonly object: 'destination';
      readonly service: ServiceKey;
      readonly destination: DestinationKey;
      readonly before: Destination | undefined;
      readonly after: Destination | undefined;
    }
  /** A sysctl of `net.ipv4.vs`. The kernel has it or not, so it can only be edited. */
  | {
      readonly object: 'sysctl';
      readonly name: string;
      readonly before: string;
      readonly after: string;
    }
  | { readonly object: 'timeouts'; readonly before: Timeouts; readonly after: Timeouts }
  | {
      readonly object: 'daemon';
      readonly role: DaemonRole;
      readonly before: RunningDaemon | undefined;
      readonly after: RunningDaemon | undefined;
    };

/** `replace` is a delete and an add of an object that the kernel cannot edit: a running daemon. */
export type Action = 'add' | 'edit' | 'delete' | 'replace';

export function changeAction(change: Change): Action {
  if (change.before === undefined) return 'add';
  if (change.after === undefined) return 'delete';
  return change.object === 'daemon' ? 'replace' : 'edit';
}

export type Tally = { readonly [action in Action]: number };

/** The number of changes of each kind. The destinations of a deleted service count as deleted. */
export interface Summary {
  readonly services: Tally;
  readonly destinations: Tally;
  /** Timeouts, sync daemons and sysctls. */
  readonly settings: Tally;
}

export function summarize(changes: readonly Change[]): Summary {
  const services = { add: 0, edit: 0, delete: 0, replace: 0 };
  const destinations = { ...services };
  const settings = { ...services };
  for (const change of changes) {
    const action = changeAction(change);
    if (change.object === 'destination') destinations[action]++;
    else if (change.object !== 'service') settings[action]++;
    else {
      services[action]++;
      if (!change.after) destinations.delete += change.before?.destinations.size ?? 0;
    }
  }
  return { services, destinations, settings };
}
