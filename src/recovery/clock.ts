import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The clock of records: its monotonic time means the same in every process. Tests bring their own.
 */
export interface RecordClock {
  /**
   * CLOCK_MONOTONIC. Setting the wall clock does not move it. It stands still while the machine
   * sleeps.
   */
  monotonicSeconds(): number;
  /** The wall clock. It is for records and messages; no decision depends on it. */
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
}

export const SYSTEM_CLOCK: RecordClock = {
  monotonicSeconds: () => Number(process.hrtime.bigint()) / 1e9,
  now: () => new Date(),
  sleep: (milliseconds) => sleep(milliseconds),
};

/** Formats a local time such as `12:03:04`, with the date when it is another day than `now`. */
export function formatTime(time: Date, now: Date): string {
  const text = formatDateTime(time);
  return time.toDateString() === now.toDateString() ? text.slice(text.indexOf(' ') + 1) : text;
}

/** Formats a local time such as `2026-05-04 12:03:04`. */
export function formatDateTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}
