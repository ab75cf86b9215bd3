import type { ErrnoName, ErrorCode, IpvstateError } from '../../errors.ts';
import type { Report } from '../../plan/report.ts';

/** What a failed pass waits for: time, or another file or table. */
export type Remedy = 'time' | 'change';

/** What the kernel answers to what it will never take: the same again cannot help. */
const HOPELESS: ReadonlySet<ErrnoName> = new Set(['EINVAL', 'ERANGE', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'EOPNOTSUPP', 'ENOPROTOOPT']);

const WAITS_FOR_CHANGE: ReadonlySet<ErrorCode> = new Set(['CONFIG', 'NO_INPUT', 'USAGE', 'REFUSED', 'STALE']);

export function remedyOfError(error: IpvstateError): Remedy {
  return WAITS_FOR_CHANGE.has(error.code) ? 'change' : 'time';
}

/** undefined when nothing failed, or a guard holds the plan back. */
export function remedyOfReport({ outcome, failures }: Report): Remedy | undefined {
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

/** Milliseconds. */
export interface BackOff {
  readonly first: number;
  readonly most: number;
}

/** The wait after so many failures in a row, at least 1: doubled each time, up to a fifth longer or shorter. `random` is in [0, 1). */
export function backOffDelay(failures: number, { first, most }: BackOff, random: number): number {
  return Math.min(most, first * 2 ** Math.min(failures - 1, 30) * (0.8 + 0.4 * random));
}
