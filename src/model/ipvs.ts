import type { KernelError } from '../errors.ts';
import type { DestinationKey } from './destination.ts';
import type { Operation } from './operation.ts';
import type { ServiceKey } from './service.ts';
import type { Table } from './table.ts';

/** Something that only raw netlink can have put into the kernel, which no file can express: plans leave it alone. */
export interface Unmanageable {
  /** The service's key or, when its identity is what cannot be expressed, a description of it. */
  readonly service: string;
  /** The destination's key; undefined when it is the service itself. */
  readonly destination: string | undefined;
  /** Such as `forwarding method 5`. */
  readonly reason: string;
}

/** One read of the kernel. */
export interface Snapshot {
  readonly table: Table;
  readonly counters: Counters;
  readonly unmanageable: readonly Unmanageable[];
}

export interface IpvsInfo {
  /** IPVS version, such as `1.2.1`. */
  readonly version: string;
  /** Buckets of the connection hash table. */
  readonly connectionTableSize: number;
}

/** What the kernel refused of a wave, by the operation's index in it. All others were done. */
export type Refused = ReadonlyMap<number, KernelError>;

export interface ReadOptions {
  /** Only these services, if they exist. Default: all. Timeouts and daemons are always read. */
  readonly services?: Iterable<ServiceKey>;
  /** Traffic counters too. Default false: they cost more to read than the rest together. */
  readonly stats?: boolean;
  /** Sysctls too, where there are any. Default false. */
  readonly sysctls?: boolean;
  /** Ends a read that takes long between two services: it throws `ABORTED`. */
  readonly signal?: AbortSignal;
}

/**
 * The port to an IPVS table: a kernel over netlink, or a table kept in a file. Throws `IpvstateError` (`UNAVAILABLE`,
 * `PERMISSION`, `LOST`, `PROTOCOL`); the errors of single operations are returned, not thrown.
 */
export interface Ipvs {
  info(): Promise<IpvsInfo>;
  /** A read is complete or an error: never a part that could pass for less than there is. */
  read(options?: ReadOptions): Promise<Snapshot>;
  /**
   * Sends a wave of operations, in order, packed. The kernel goes on after a refused one, so a wave must not hold an operation
   * whose safety depends on another's success. Throws `LOST` when it is unknown what was done.
   */
  execute(wave: readonly Operation[]): Promise<Refused>;
  close(): void;
}

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
