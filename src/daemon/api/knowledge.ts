import type { DriftMode, LoopState, PassResult } from '../../reconcile/loop/loop-state.ts';

/** The parts of the loop's state that tell whether its last comparison holds. */
export type Compared = Pick<LoopState, 'phase' | 'config' | 'compared' | 'lastPass' | 'fatal'>;

/**
 * Says why nobody knows whether the live table is as the files say. Returns undefined when it is
 * known: the last comparison is with the files in force, it succeeded, and the loop looks again and
 * again whether it still holds. `problem` is why the pages cannot read the kernel.
 */
export function whyNotKnown(
  { phase, config, compared, lastPass, fatal }: Compared,
  drift: DriftMode,
  problem: Error | undefined,
): string | undefined {
  if (phase === 'failed') return `not known: ${fatal?.message ?? 'the daemon ended by a bug'}`;
  if (phase === 'stopped') return 'not known: the daemon stops';
  if (problem) return `not known: the kernel cannot be read: ${problem.message}`;
  if (!config.good) {
    if (config.problem) return 'not known: the files are not valid, and none were valid before';
    return config.held
      ? 'not known yet: the files are read a second time before they are applied'
      : 'not known yet: the files have not been read';
  }
  if (drift === 'off') return 'not known: with --drift off, no pass looks at the live table';
  if (!compared) return lastPass ? whyOfPass(lastPass) : 'not known yet: no pass has ended';
  if (compared.digest === config.good.digest) return undefined;
  return 'not known yet: no pass has compared it with the files in force';
}

/** Says why a pass tells nothing about the live table. */
function whyOfPass({ outcome, error, report }: PassResult): string {
  const cause = error ?? report?.failures[0]?.error;
  return `not known: the last pass ended as ${outcome}${cause ? `: ${cause.message}` : ''}`;
}
