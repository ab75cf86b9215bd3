import type { KernelError } from '../errors.ts';
import type { Counters } from './counters.ts';
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
