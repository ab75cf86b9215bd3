import { openConnections } from '../model/drain.ts';
import { type Connections, type Counters, NO_CONNECTIONS } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Change } from './change.ts';

/**
 * The effect of a change on connections, as measured on kernels with the default sysctls. Of UDP,
 * every flow counts as a connection.
 */
export type Impact =
  | { readonly kind: 'none' }
  /**
   * The scheduler is replaced in place. The kernel refuses new connections for one RCU grace
   * period, some milliseconds.
   */
  | { readonly kind: 'new-connections-wait' }
  /** The weight becomes 0: these connections stay, and new ones go to other destinations. */
  | { readonly kind: 'drain'; readonly connections: number }
  /** The entry is deleted: the kernel drops the packets of these connections from then on. */
  | { readonly kind: 'cut'; readonly connections: number };

export function impactOf(change: Change, counters: Counters): Impact {
  if (change.object === 'service') {
    const { before, after } = change;
    if (!before) return { kind: 'none' };
    const counted = counters.get(change.service)?.destinations.values() ?? [];
    if (!after) return impact('cut', openOf(change.service, counted));
    const exchanges =
      before.service.scheduler !== after.service.scheduler && before.service.scheduler !== 'none';
    return { kind: exchanges ? 'new-connections-wait' : 'none' };
  }
  if (change.object === 'destination' && change.before) {
    const { service, destination, before, after } = change;
    const counted = counters.get(service)?.destinations.get(destination) ?? NO_CONNECTIONS;
    if (!after) return impact('cut', openOf(service, [counted]));
    if (after.weight === 0 && before.weight > 0) return impact('drain', openOf(service, [counted]));
  }
  return { kind: 'none' };
}

function impact(kind: 'drain' | 'cut', connections: number): Impact {
  return connections === 0 ? { kind: 'none' } : { kind, connections };
}

function openOf(service: ServiceKey, counted: Iterable<Connections>): number {
  let sum = 0;
  for (const connections of counted) sum += openConnections(service, connections);
  return sum;
}
