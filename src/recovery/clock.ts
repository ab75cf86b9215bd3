import { setTimeout as sleep } from 'node:timers/promises';

/** Time, for what is kept in files: tests bring their own. */
export interface Clock {
  /** CLOCK_MONOTONIC: the same for all processes since the boot, whatever happens to the wall clock. It stands still while the machine sleeps. */
  monotonicSeconds(): number;
  /** The wall clock, for records and messages; nothing is decided by it. */
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
}

export const SYSTEM_CLOCK: Clock = {
  monotonicSeconds: () => Number(process.hrtime.bigint()) / 1e9,
  now: () => new Date(),
  sleep: (milliseconds) => sleep(milliseconds),
};

/** Such as `12:03:04`, in local time; with the date when that is not today's. */
export function formatTime(time: Date, now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  if (time.toDateString() === now.toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}
