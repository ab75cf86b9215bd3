import type { DestinationKey } from './destination.ts';
import type { ServiceKey } from './service.ts';

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

/** A destination that was removed from the file and still has connections. */
export interface PendingDrain {
  /**
   * The time on the monotonic clock at which the destination is deleted, whatever connections it
   * has.
   */
  readonly deadlineSeconds: number;
  /** The weight before the drain. */
  readonly weight: number;
}

/** The store of the drains. It lives as long as the kernel's table. */
export interface DrainStore {
  /** The monotonic clock, in seconds. */
  now(): number;
  read(): Promise<ReadonlyMap<DrainKey, PendingDrain>>;
  /** Replaces all drains. */
  write(drains: ReadonlyMap<DrainKey, PendingDrain>): Promise<void>;
}
