import { pausesAll } from '../../model/pause.ts';
import { isHealthy } from '../../reconcile/loop/health.ts';
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
export function exitCodeOfPass({ outcome, report, error, differs }: PassResult): number {
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
    default: {
      const code = report ? exitCodeOfReport(report, false) : EXIT.ok;
      // The pass did what it could, and left a contested part of the table alone.
      return code === EXIT.ok && differs ? EXIT.changes : code;
    }
  }
}

/**
 * The exit code of `reload` and `approve`: 0 exactly when the daemon is healthy after the pass that
 * answers the request.
 */
export function exitCodeOfRequest(state: LoopState, pass: PassResult): number {
  const { config, lastPass, health, fatal, pause } = state;
  if (config.problem)
    return config.problem.error ? exitCodeOfError(config.problem.error) : EXIT.config;
  if (fatal) return exitCodeOfError(fatal);
  const code = exitCodeOfPass(pass.outcome === 'unchanged' && lastPass ? lastPass : pass);
  // Nothing was written, although an operator asked for it.
  if (pausesAll(pause) && (code === EXIT.ok || code === EXIT.changes)) return EXIT.refused;
  // The request was to read the files.
  const isRead = health.state !== 'source-unreachable';
  return code === EXIT.ok && !(isHealthy(health) && isRead) ? EXIT.changes : code;
}
