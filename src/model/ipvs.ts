import type { KernelError } from '../errors.ts';
import type { DestinationKey } from './destination.ts';
import type { Operation } from './operation.ts';
import type { Service, ServiceKey } from './service.ts';
import type { Table } from './table.ts';

/**
 * An object in the kernel that no file can express, because another program made it by raw netlink.
 * Plans leave it alone.
 */
export interface Unmanageable {
  /** The key of the service; a description of it when its identity is what no file can express. */
  readonly service: string;
  /** The key of the destination; undefined when it is the service itself. */
  readonly destination: string | undefined;
  /** The reason, such as `forwarding method 5`. */
  readonly reason: string;
}

/** One read of the kernel. */
export interface Snapshot {
  readonly table: Table;
  readonly counters: Counters;
  readonly unmanageable: readonly Unmanageable[];
}

export interface IpvsInfo {
  /** The version of IPVS, such as `1.2.1`. */
  readonly version: string;
  /** The number of buckets in the connection hash table. */
  readonly connectionTableSize: number;
}

/**
 * The errors of the operations of a wave that the kernel refused, by index in the wave. All others
 * were done.
 */
export type Refused = ReadonlyMap<number, KernelError>;

export interface ReadOptions {
  /**
   * Reads only these services, if they exist. Default: all. Timeouts and daemons are always read.
   */
  readonly services?: Iterable<ServiceKey>;
  /**
   * Reads traffic counters as well. Default: false, because they cost more than the rest together.
   */
  readonly stats?: boolean;
  /** Reads sysctls as well, where there are any. Default: false. */
  readonly sysctls?: boolean;
  /** Ends a long read between two services. The read then throws `ABORTED`. */
  readonly signal?: AbortSignal;
}

/**
 * The access to an IPVS table: of a kernel over netlink, or of a table in a file. Throws
 * `IpvstateError` (`UNAVAILABLE`, `PERMISSION`, `LOST`, `PROTOCOL`). Errors of single operations
 * are returned, not thrown.
 */
export interface Ipvs {
  info(): Promise<IpvsInfo>;
  /**
   * Reads the table. A read is complete, or it throws: it never returns a part that could pass for
   * the whole.
   */
  read(options?: ReadOptions): Promise<Snapshot>;
  /**
   * Sends a wave of operations, in order, packed. The kernel goes on after an operation that it
   * refuses. So the safety of no operation of a wave may depend on the success of another. Throws
   * `LOST` when it is unknown what was done.
   */
  execute(wave: readonly Operation[]): Promise<Refused>;
  /**
   * Reads the traffic of every service, and the sums of its destinations. Those that no file can
   * express count as well. Absent where a read of the whole costs no more.
   */
  readonly readTotals?: (() => Promise<readonly ServiceTotals[]>) | undefined;
  close(): void;
}

/** The traffic of a service, with the sums of its destinations. */
export interface ServiceTotals extends Connections {
  readonly service: Service;
  readonly stats: Stats;
  readonly destinations: number;
  /** The number of destinations that take new connections. */
  readonly usable: number;
}

/**
 * Traffic counters and rates (uapi: IPVS_STATS_ATTR_*, the 64-bit form). Refreshed by the kernel
 * every 2 s.
 */
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

/**
 * The numbers of connections of one destination. Unlike `Stats`, they are exact at the time of the
 * read.
 */
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
  /** Without stats, only the destinations that have connections or templates. */
  readonly destinations: ReadonlyMap<DestinationKey, DestinationCounters>;
}

/** The counters of a read. They are never part of a diff. */
export type Counters = ReadonlyMap<ServiceKey, ServiceCounters>;
