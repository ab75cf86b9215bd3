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

/** A removed destination that still has connections. */
export interface PendingDrain {
  /** On the monotonic clock; from then on it is deleted whatever it has. */
  readonly deadlineSeconds: number;
  /** Its weight before. */
  readonly weight: number;
}

/** What is draining, kept for as long as the kernel's table lives. */
export interface DrainStore {
  /** The monotonic clock, in seconds. */
  now(): number;
  read(): Promise<ReadonlyMap<DrainKey, PendingDrain>>;
  /** Replaces everything. */
  write(drains: ReadonlyMap<DrainKey, PendingDrain>): Promise<void>;
}
