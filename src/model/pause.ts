import type { ServiceKey } from './service.ts';

/** A time in which the daemon watches and writes nothing. Times are on the monotonic clock. */
export interface Pause {
  /** The only services that are left alone. undefined: nothing is written at all. */
  readonly services: readonly ServiceKey[] | undefined;
  /** The operator who asked for it. */
  readonly who: string;
  readonly reason: string | undefined;
  readonly sinceSeconds: number;
  /** The pause ends by itself then. undefined: it does not. */
  readonly untilSeconds: number | undefined;
}

/** The pause of a table. It is kept for as long as the kernel's table lives. */
export interface PauseStore {
  /** The monotonic clock, in seconds. */
  now(): number;
  /** Returns the stored pause, which may be over. */
  read(): Promise<Pause | undefined>;
  /** Replaces the pause. */
  write(pause: Pause): Promise<void>;
  clear(): Promise<void>;
}

/** Tells whether nothing at all is written. */
export function pausesAll(pause: Pause | undefined): boolean {
  return pause !== undefined && pause.services === undefined;
}

/** The longest time of a pause that ends by itself. */
export const MAX_PAUSE_SECONDS = 24 * 3600;

/** Longest reason, in characters. */
export const MAX_REASON_LENGTH = 200;
