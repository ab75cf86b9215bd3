import type { Level } from '../doctor/finding.ts';
import { type ErrorCode, IpvstateError } from '../errors.ts';
import type { Failure, KeptReport, ReportOutcome } from '../plan/report.ts';

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

export type ExitName = keyof typeof EXIT;

/** Meaning of each exit code in one line. The page `exit-codes` of the manual says more. */
export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  ok: 'done, or in sync, or a plan was made',
  internal: 'a bug',
  changes: 'differences exist',
  refused: 'a guard, an answer or a pending try refused it',
  stale: 'the table, the files or the namespace are not those of the plan',
  'rolled-back': 'an operation failed, and the state from before was put back',
  partial: 'an operation failed, and the table is between two states',
  unverified: 'the table reads back differently: another program writes to it',
  'not-confirmed': 'the try was not confirmed, and was rolled back',
  usage: 'wrong options or arguments',
  config: 'a file is invalid',
  noinput: 'a file is missing or cannot be read',
  unavailable: 'no IPVS, or not that scheduler, or no daemon',
  io: 'a file or stdout cannot be written, or a record cannot be read',
  locked: 'another ipvstate is writing in this network namespace',
  noperm: 'CAP_NET_ADMIN is missing',
};

/** Meaning of the exit codes 130 and 143, which a signal gives. */
export const SIGNAL_MEANING = 'SIGINT or SIGTERM stopped the command at a safe point';

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

/** The code of an error that another process reports by its exit code. */
export function errorCodeOfExit(exitCode: number): ErrorCode {
  const codes = Object.keys(BY_ERROR) as ErrorCode[];
  return codes.find((code) => EXIT[BY_ERROR[code]] === exitCode) ?? 'UNAVAILABLE';
}

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
export function exitCodeOfReport(report: KeptReport, detailed: boolean): number {
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

/** Exit code of `doctor`. Files that are not valid come first: some checks need them. */
export function exitCodeOfFindings(
  { failure, warning, unknown }: Readonly<Record<Level, number>>,
  areFilesValid: boolean,
): number {
  if (!areFilesValid) return EXIT.config;
  if (failure > 0) return EXIT.unavailable;
  return warning + unknown > 0 ? EXIT.changes : EXIT.ok;
}

/** Exit code of a try that has ended. */
export function exitCodeOfTry(outcome: {
  readonly cause: string;
  readonly isRestored: boolean;
}): number {
  if (outcome.cause === 'confirmed') return EXIT.ok;
  return outcome.isRestored ? EXIT['not-confirmed'] : EXIT.partial;
}
