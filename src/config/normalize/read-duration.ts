import { parseDuration } from '../../model/duration.ts';
import type { DurationText } from '../config.ts';
import type { Place, Report } from '../finding.ts';

/** Reads a duration of 1 to `largest` seconds. Returns undefined after reporting an error. */
export function readDuration(
  value: DurationText,
  name: string,
  largest: number,
  place: Place,
  report: Report,
): number | undefined {
  const seconds = typeof value === 'number' ? value : parseDuration(value);
  if (seconds === undefined) {
    const hint = /^[0-9]+$/.test(String(value))
      ? `write ${value} without quotes, or ${value}s`
      : 'write 90s, 15m, 1h30m, or whole seconds';
    report({
      code: 'BAD_VALUE',
      severity: 'error',
      message: `${JSON.stringify(value)} is not a duration`,
      place,
      hint,
    });
    return undefined;
  }
  if (seconds < 1 || seconds > largest) {
    report({
      code: 'OUT_OF_RANGE',
      severity: 'error',
      message: `${name} is from 1 to ${largest} seconds, not ${seconds}`,
      place,
    });
    return undefined;
  }
  return seconds;
}
