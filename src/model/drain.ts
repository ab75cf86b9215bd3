import type { DestinationKey } from './destination.ts';
import type { Connections } from './ipvs.ts';
import { isUdpService, type ServiceKey } from './service.ts';

export type DrainKey = `${ServiceKey} ${DestinationKey}`;

export function drainKey(service: ServiceKey, destination: DestinationKey): DrainKey {
  return `${service} ${destination}`;
}

export function parseDrainKey(key: DrainKey): {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
} {
  const [service, destination] = key.split(' ') as [ServiceKey, DestinationKey];
  return { service, destination };
}

/** The service of a key, for what asks about no destination. */
export function drainedService(key: DrainKey): ServiceKey {
  return parseDrainKey(key).service;
}

/** How long the removed destinations of a service are kept at weight 0. */
export interface DrainPolicy {
  /** The limit. At its end, a destination is deleted whatever it has. */
  readonly timeoutSeconds: number;
  /**
   * How long closed connections and persistence templates are waited for, after the last open
   * connection.
   */
  readonly lingerSeconds: number;
}

/**
 * The kernel remembers a closed TCP connection for 2 minutes (TIME_WAIT, and by default FIN_WAIT).
 */
export const DEFAULT_LINGER_SECONDS = 120;

/**
 * A removed destination of which the kernel still remembers connections. Times are on the monotonic
 * clock.
 */
export interface PendingDrain {
  /** From then on, it is deleted whatever it has. */
  readonly deadlineSeconds: number;
  /** The weight before the drain. */
  readonly weight: number;
  /** Since then, no read found an open connection. Absent: the last read found some. */
  readonly quietSinceSeconds?: number;
  /** Its service was removed as well, and is deleted with the last of its destinations. */
  readonly leaving?: boolean;
}

/** The drains of a table, kept for as long as the kernel's table lives. */
export interface DrainRecord {
  readonly drains: ReadonlyMap<DrainKey, PendingDrain>;
  /**
   * How services drain, as they were last applied: the files say nothing any more of a service that
   * they no longer have.
   */
  readonly policies: ReadonlyMap<ServiceKey, DrainPolicy>;
}

export const NO_DRAINS: DrainRecord = { drains: new Map(), policies: new Map() };

export interface DrainStore {
  /** The monotonic clock, in seconds. */
  now(): number;
  read(): Promise<DrainRecord>;
  /** Replaces everything. */
  write(record: DrainRecord): Promise<void>;
}

/**
 * Counts the connections that may still carry packets. The kernel counts every UDP flow as
 * inactive, whether it goes on or not. Of TCP and SCTP, the inactive ones are closed or closing.
 */
export function openConnections(service: ServiceKey, { active, inactive }: Connections): number {
  return isUdpService(service) ? active + inactive : active;
}

/** Counts all that the kernel remembers: closed connections and persistence templates as well. */
export function rememberedConnections({ active, inactive, persistent }: Connections): number {
  return active + inactive + persistent;
}
