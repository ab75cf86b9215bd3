import type { Counters } from '../model/ipvs.ts';
import type { Change } from './change.ts';

/** The effect of a change on connections, as measured on kernels with the default sysctls. */
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
    if (!after) return cut([...(counters.get(change.service)?.destinations.values() ?? [])]);
    const exchanges =
      before.service.scheduler !== after.service.scheduler && before.service.scheduler !== 'none';
    return { kind: exchanges ? 'new-connections-wait' : 'none' };
  }
  if (change.object === 'destination' && change.before) {
    const connections = counters.get(change.service)?.destinations.get(change.destination);
    if (!change.after) return cut(connections ? [connections] : []);
    if (
      change.after.weight === 0 &&
      change.before.weight > 0 &&
      connections &&
      connections.active > 0
    ) {
      return { kind: 'drain', connections: connections.active };
    }
  }
  return { kind: 'none' };
}

function cut(destinations: readonly { readonly active: number }[]): Impact {
  const connections = destinations.reduce((sum, { active }) => sum + active, 0);
  return connections === 0 ? { kind: 'none' } : { kind: 'cut', connections };
}
