import type { LoopState, PassOutcome, PassResult } from '../../reconcile/loop/loop-state.ts';
import { EXIT, exitCodeOfError, exitCodeOfReport } from '../../render/exit.ts';

/** The outcomes of passes that read the kernel's table: the values of the metrics' label. */
export const PASS_OUTCOMES: readonly PassOutcome[] = [
  'in-sync',
  'applied',
  'refused',
  'rolled-back',
  'partial',
  'unverified',
  'drift',
  'failed',
];

/** The exit code of `apply` for the same outcome; for a pass that writes nothing, of `check`. */
export function exitCodeOfPass({ outcome, report, error }: PassResult): number {
  switch (outcome) {
    case 'failed':
      return exitCodeOfError(error);
    case 'unconfigured':
      return EXIT.config;
    case 'unchanged':
      return EXIT.ok;
    case 'drift':
      return EXIT.changes;
    case 'stopped':
      return EXIT.unavailable;
    default:
      return report ? exitCodeOfReport(report, false) : EXIT.ok;
  }
}

/** The exit code of `reload`: an invalid configuration counts, although the last one is applied. */
export function exitCodeOfRequest({ config }: LoopState, pass: PassResult): number {
  if (!config.problem) return exitCodeOfPass(pass);
  return config.problem.error ? exitCodeOfError(config.problem.error) : EXIT.config;
}
