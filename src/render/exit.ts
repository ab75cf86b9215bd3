import { type ErrorCode, IpvstateError } from '../errors.ts';
import type { Failure, Report, ReportOutcome } from '../plan/report.ts';

/** Exit codes. They never change, because scripts depend on them. */
export const EXIT = {
  ok: 0,
  internal: 1,
  changes: 2,
  refused: 3,
  stale: 4,
  'rolled-back': 5,
  partial: 6,
  unverified: 7,
  'not-confirmed': 8,
  usage: 64,
  config: 65,
  noinput: 66,
  unavailable: 69,
  io: 74,
  locked: 75,
  noperm: 77,
} as const;

type ExitName = keyof typeof EXIT;

const BY_ERROR: Readonly<Record<ErrorCode, ExitName>> = {
  USAGE: 'usage',
  CONFIG: 'config',
  NO_INPUT: 'noinput',
  IO: 'io',
  LOCKED: 'locked',
  REFUSED: 'refused',
  STALE: 'stale',
  UNAVAILABLE: 'unavailable',
  PERMISSION: 'noperm',
  KERNEL: 'unavailable',
  LOST: 'unavailable',
  PROTOCOL: 'unavailable',
  UNSTABLE: 'stale',
  ABORTED: 'refused',
  INTERNAL: 'internal',
};

/** Exit code of an error. An error that is not an `IpvstateError` is a bug. */
export function exitCodeOfError(error: unknown): number {
  return EXIT[error instanceof IpvstateError ? BY_ERROR[error.code] : 'internal'];
}

const BY_OUTCOME: Readonly<Record<ReportOutcome, ExitName>> = {
  'in-sync': 'ok',
  applied: 'ok',
  refused: 'refused',
  declined: 'refused',
  'rolled-back': 'rolled-back',
  partial: 'partial',
  unverified: 'unverified',
};

/** Exit code of a report. With `detailed`, a run that changed the table exits with `changes`. */
export function exitCodeOfReport(report: Report, detailed: boolean): number {
  if (report.outcome === 'applied' && detailed) return EXIT.changes;
  // The kernel lacks a scheduler: the machine is at fault, not the plan, and nothing has changed.
  if (
    report.outcome === 'rolled-back' &&
    report.failures.length > 0 &&
    report.failures.every(lacksModule)
  )
    return EXIT.unavailable;
  return EXIT[BY_OUTCOME[report.outcome]];
}

/** ENOENT for a service means that the kernel lacks its scheduler or persistence engine. */
function lacksModule({ operation, error }: Failure): boolean {
  return (
    error.errno === 'ENOENT' &&
    (operation.kind === 'add-service' || operation.kind === 'edit-service')
  );
}

/** Exit code of a try that has ended. */
export function exitCodeOfTry(outcome: {
  readonly cause: string;
  readonly isRestored: boolean;
}): number {
  if (outcome.cause === 'confirmed') return EXIT.ok;
  return outcome.isRestored ? EXIT['not-confirmed'] : EXIT.partial;
}
