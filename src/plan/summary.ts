import { type Action, type Change, changeAction } from './change.ts';

export type Tally = { readonly [action in Action]: number };

/** How many changes of each kind. The destinations of a deleted service count as deleted. */
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
