import {
  compareDestinations,
  type Destination,
  type DestinationKey,
} from '../../model/destination.ts';
import {
  defaultServiceSettings,
  parseServiceKey,
  type Service,
  type ServiceKey,
  serviceFamily,
} from '../../model/service.ts';
import { type Daemon, KERNEL_TIMEOUTS, mapTimeouts, type Timeouts } from '../../model/settings.ts';
import type { ServiceEntry, Table } from '../../model/table.ts';
import type { Change } from '../change.ts';
import { diff } from '../diff.ts';
import type { Effect } from './writes.ts';

/**
 * The changes that effects, oldest first, make together: each object as it was before the first of
 * them and after the last.
 */
export function netChanges(effects: readonly Effect[]): Change[] {
  return diff(sideOf(effects.toReversed(), 'before'), sideOf(effects, 'after'));
}

/** The objects of effects as the last effect of the list on each object has them on one side. */
function sideOf(effects: readonly Effect[], side: 'before' | 'after'): Table {
  const services = new Map<ServiceKey, Service | undefined>();
  const destinations = new Map<ServiceKey, Map<DestinationKey, Destination | undefined>>();
  const timeouts = new Map<keyof Timeouts, number | undefined>();
  const daemons = new Map<string, Daemon | undefined>();
  const sysctls = new Map<string, string>();
  for (const effect of effects) {
    switch (effect.object) {
      case 'service':
        services.set(effect.service, effect[side]);
        break;
      case 'destination': {
        const pool = destinations.get(effect.service) ?? new Map();
        destinations.set(effect.service, pool.set(effect.destination, effect[side]));
        break;
      }
      case 'timeout':
        timeouts.set(effect.name, effect[side]);
        break;
      case 'daemon':
        daemons.set(effect.role, effect[side]);
        break;
      case 'sysctl':
        sysctls.set(effect.name, effect[side] ?? '');
        break;
      default:
        effect satisfies never;
    }
  }
  const entries = new Map<ServiceKey, ServiceEntry>();
  for (const key of new Set([...services.keys(), ...destinations.keys()])) {
    const service = services.has(key) ? services.get(key) : anyService(key);
    if (!service) continue;
    const found = [...(destinations.get(key)?.values() ?? [])];
    const present = found.flatMap((it) => it ?? []).sort(compareDestinations);
    entries.set(key, { service, destinations: new Map(present.map((it) => [it.key, it])) });
  }
  return {
    services: entries,
    timeouts: mapTimeouts((name) => timeouts.get(name) ?? KERNEL_TIMEOUTS[name]),
    daemons: [...daemons.values()].flatMap((daemon) => daemon ?? []),
    sysctls,
  };
}

/** A service whose settings no effect changes. They are the same on both sides. */
function anyService(key: ServiceKey): Service | undefined {
  const identity = parseServiceKey(key);
  return identity && { key, identity, ...defaultServiceSettings(serviceFamily(identity)) };
}
