import { MAX_HALT_LENGTH, type NodeProgress } from './rollout.ts';

/** A rollout, as one node sees it. */
export interface SeenRollout {
  readonly generation: number;
  readonly round: number;
  readonly soakSeconds: number;
  readonly halt: string | undefined;
  readonly isDone: boolean;
  /** True when the node has read the generation, which it may have. */
  readonly isTaken: boolean;
  /** Stands for all that was looked at: while it is the same, so is all of this. */
  readonly basis: string;
  /** Until the node should look at the rollout again. */
  readonly lookMilliseconds: number;
}

/** The verdict of a node about its table and a generation. */
export type Verdict = 'pending' | 'good' | 'bad';

/** The progress of a node, and the time on its own clock at which it came in sync. */
export interface TimedProgress {
  readonly progress: NodeProgress;
  readonly goodSince: number | undefined;
}

/**
 * Returns the progress of a node at `now`, in seconds on the node's own monotonic clock. Only the
 * length of the soak time is measured, and by one clock: the clocks of two nodes are never
 * compared. `before` may be of an earlier daemon of the node, or of an earlier generation.
 */
export function nextProgress(
  before: TimedProgress | undefined,
  { generation, round, soakSeconds, halt, isTaken }: SeenRollout,
  verdict: Verdict,
  now: number,
): TimedProgress {
  const known = before?.progress.generation === generation ? before : undefined;
  const earlier = known?.progress;
  const isFailed = earlier?.stage === 'failed' && earlier.round === round;
  const goodSince = isTaken && verdict === 'good' ? (known?.goodSince ?? now) : undefined;
  const hasSoaked =
    earlier?.stage === 'soaked' || (goodSince !== undefined && now - goodSince >= soakSeconds);
  const stage = ((): NodeProgress['stage'] => {
    if (isFailed) return 'failed';
    if (!isTaken) return 'waiting';
    if (verdict === 'bad') return 'failed';
    return hasSoaked ? 'soaked' : 'taken';
  })();
  return {
    progress: { generation, round, stage, halt: halt?.slice(0, MAX_HALT_LENGTH) ?? null },
    goodSince,
  };
}

/** Tells whether a node says the same of itself. */
export function isSameProgress(a: NodeProgress | null, b: NodeProgress): boolean {
  return (
    a !== null &&
    a.generation === b.generation &&
    a.round === b.round &&
    a.stage === b.stage &&
    a.halt === b.halt
  );
}
