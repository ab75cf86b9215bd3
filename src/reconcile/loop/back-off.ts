import type { ErrnoName, ErrorCode, IpvstateError } from '../../errors.ts';
import type { Report } from '../../plan/report.ts';

/** The change that can help after a failed pass: time, or another file or table. */
type Remedy = 'time' | 'change';

/** The kernel refuses these operations always: the same again cannot help. */
const HOPELESS: ReadonlySet<ErrnoName> = new Set([
  'EINVAL',
  'ERANGE',
  'EAFNOSUPPORT',
  'EPROTONOSUPPORT',
  'EOPNOTSUPP',
  'ENOPROTOOPT',
]);

const WAITS_FOR_CHANGE: ReadonlySet<ErrorCode> = new Set([
  'CONFIG',
  'NO_INPUT',
  'USAGE',
  'REFUSED',
  'STALE',
]);

/** Returns undefined when the pass did not fail, or when a guard refuses its plan. */
export function remedyOf({
  report,
  error,
}: {
  readonly report: Report | undefined;
  readonly error: IpvstateError | undefined;
}): Remedy | undefined {
  if (report) return remedyOfReport(report);
  return error && (WAITS_FOR_CHANGE.has(error.code) ? 'change' : 'time');
}

function remedyOfReport({ outcome, failures }: Report): Remedy | undefined {
  switch (outcome) {
    case 'in-sync':
    case 'applied':
    case 'declined':
    case 'refused':
      return undefined;
    case 'unverified':
      return 'time';
    case 'rolled-back':
    case 'partial':
      return failures.some(({ error }) => HOPELESS.has(error.errno)) ? 'change' : 'time';
    default:
      return outcome satisfies never;
  }
}

/** In milliseconds. */
export interface BackOff {
  readonly first: number;
  readonly most: number;
}

/**
 * Returns the wait after so many failures in a row, at least 1, in milliseconds. It doubles each
 * time, and is up to a fifth longer or shorter. `random` is in [0, 1).
 */
export function backOffDelay(failures: number, { first, most }: BackOff, random: number): number {
  return Math.min(most, first * 2 ** Math.min(failures - 1, 30) * (0.8 + 0.4 * random));
}
