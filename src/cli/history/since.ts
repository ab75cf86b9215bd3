import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../../model/duration.ts';

/** The beginning of a time: as long ago as a duration says, or a time of day, or a date. */
export type Since = (now: Date) => Date;

/**
 * Parses `2h`, `14:00`, `14:00:05`, `2026-05-04`, `2026-05-04 14:00` and any time of ISO 8601. A
 * time of day is the last one; times without a zone are local. Throws `InvalidArgumentError`.
 */
export function parseSince(text: string): Since {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return (now) => new Date(now.getTime() - seconds * 1000);
  const clock = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
  if (clock) {
    const [hours = 0, minutes = 0, ...rest] = clock.slice(1).map((part) => Number(part ?? 0));
    return (now) => lastTimeOfDay(now, hours, minutes, rest[0] ?? 0);
  }
  const date = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text.replace(' ', 'T');
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?$/.test(date)
    ? new Date(date)
    : undefined;
  if (time && !Number.isNaN(time.getTime())) return () => time;
  throw new InvalidArgumentError(
    'Expected a time such as 2h, 30m, 14:00, 2026-05-04 or 2026-05-04T14:00.',
  );
}

function lastTimeOfDay(now: Date, hours: number, minutes: number, seconds: number): Date {
  const time = new Date(now);
  time.setHours(hours, minutes, seconds, 0);
  if (time > now) time.setDate(time.getDate() - 1);
  return time;
}
