import type { Destination, DestinationKey } from '../../model/destination.ts';
import {
  type Connections,
  type DestinationCounters,
  NO_CONNECTIONS,
  type Snapshot,
  type Stats,
} from '../../model/ipvs.ts';
import type { Service } from '../../model/service.ts';
import { isServed, sortedDestinations, sortedServices } from '../../model/table.ts';

/** Traffic of a service or a destination. The kernel averages the rates over about 8 s. */
export interface Traffic extends Connections {
  readonly stats: Stats;
}

export interface DestinationTraffic extends Traffic {
  readonly destination: Destination;
}

export interface ServiceTraffic extends Traffic {
  readonly service: Service;
  readonly isServed: boolean;
  /** The number of destinations that take new connections. */
  readonly usable: number;
  readonly destinations: readonly DestinationTraffic[];
}

const NO_STATS: Stats = {
  ...{ connections: 0n, inPackets: 0n, outPackets: 0n, inBytes: 0n, outBytes: 0n },
  ...{ connectionRate: 0n, inPacketRate: 0n, outPacketRate: 0n, inByteRate: 0n, outByteRate: 0n },
};

/** The traffic of an object that the kernel does not have. */
export const NO_TRAFFIC: Traffic = { ...NO_CONNECTIONS, stats: NO_STATS };

/** The values that a list of services can be sorted by, the largest first, with their titles. */
export const SORT_KEYS = {
  connections: { title: 'connections/s', value: ({ stats }: Traffic) => stats.connectionRate },
  bytes: {
    title: 'bytes/s',
    value: ({ stats }: Traffic) => stats.inByteRate + stats.outByteRate,
  },
  active: { title: 'active connections', value: ({ active }: Traffic) => BigInt(active) },
  address: { title: 'address', value: () => 0n },
} as const;

export type SortKey = keyof typeof SORT_KEYS;

/**
 * Returns the traffic of each service of a read with stats. Services with equal values are in the
 * order of their addresses, as destinations are.
 */
export function trafficOf({ table, counters }: Snapshot, sort: SortKey): ServiceTraffic[] {
  const services = sortedServices(table).map((entry): ServiceTraffic => {
    const counted = counters.get(entry.service.key);
    const destinations = sortedDestinations(entry).map((destination) => ({
      destination,
      ...trafficOfDestination(counted?.destinations, destination.key),
    }));
    return {
      service: entry.service,
      isServed: isServed(entry),
      usable: destinations.filter(({ destination }) => destination.weight > 0).length,
      destinations,
      ...sumOfConnections(destinations),
      stats: counted?.stats ?? NO_STATS,
    };
  });
  const { value } = SORT_KEYS[sort];
  // Sorting is stable.
  return services.sort((a, b) => compare(value(b), value(a)));
}

function trafficOfDestination(
  counted: ReadonlyMap<DestinationKey, DestinationCounters> | undefined,
  key: DestinationKey,
): Traffic {
  const { active = 0, inactive = 0, persistent = 0, stats = NO_STATS } = counted?.get(key) ?? {};
  return { active, inactive, persistent, stats };
}

function sumOfConnections(all: readonly Connections[]): Connections {
  const sum = (key: keyof Connections): number => all.reduce((total, one) => total + one[key], 0);
  return { active: sum('active'), inactive: sum('inactive'), persistent: sum('persistent') };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
