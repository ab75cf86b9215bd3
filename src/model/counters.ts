import type { DestinationKey } from './destination.ts';
import type { ServiceKey } from './service.ts';

/** Traffic counters and rates (uapi: IPVS_STATS_ATTR_*, the 64-bit form). Refreshed by the kernel every 2 s. */
export interface Stats {
  readonly connections: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  /** Rates per second, averaged over about 8 s. */
  readonly connectionRate: bigint;
  readonly inPacketRate: bigint;
  readonly outPacketRate: bigint;
  readonly inByteRate: bigint;
  readonly outByteRate: bigint;
}

/** Live numbers of connections of one destination; unlike `Stats` these are exact at the time of the read. */
export interface Connections {
  readonly active: number;
  readonly inactive: number;
  /** Persistence templates. */
  readonly persistent: number;
}

export const NO_CONNECTIONS: Connections = { active: 0, inactive: 0, persistent: 0 };

export interface DestinationCounters extends Connections {
  /** undefined unless the read asked for stats. */
  readonly stats: Stats | undefined;
}

export interface ServiceCounters {
  readonly stats: Stats | undefined;
  /** Without stats, those alone that have connections or templates. */
  readonly destinations: ReadonlyMap<DestinationKey, DestinationCounters>;
}

/** What a read saw beside the configuration. Never part of a diff. */
export type Counters = ReadonlyMap<ServiceKey, ServiceCounters>;
