import type { LoopState, PassOutcome, PassResult } from '../../reconcile/loop/loop-state.ts';
import { EXIT, exitCodeOfError, exitCodeOfReport } from '../../render/exit.ts';

/** The ways in which a look at the kernel can end, for counters that are there from the beginning. */
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

/** What `apply`, or `check` where nothing is written, would exit with. */
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

/** Of a pass that somebody asked for: files that are not valid count, although the last good state is in force. */
export function exitCodeOfRequest({ config }: LoopState, pass: PassResult): number {
  if (!config.problem) return exitCodeOfPass(pass);
  return config.problem.error ? exitCodeOfError(config.problem.error) : EXIT.config;
}
