/** The answer of all checks of a destination together. */
export interface CheckAnswer {
  readonly isGood: boolean;
  /** On the monotonic clock. */
  readonly atSeconds: number;
}

/** The state of one destination, which its answers move. Times are on the monotonic clock. */
export interface CheckState {
  readonly isHealthy: boolean;
  /** The time of the last change, or of the beginning. */
  readonly sinceSeconds: number;
  /** How many answers in a row spoke against the state. */
  readonly contrary: number;
  /** The times of the changes of the last minute. */
  readonly changes: readonly number[];
}

interface CheckRules {
  readonly rise: number;
  readonly fall: number;
}

export const DAMPING = {
  /** A destination changes at most so often in the window. */
  changes: 5,
  windowSeconds: 60,
} as const;

export function firstState(isHealthy: boolean, nowSeconds: number): CheckState {
  return { isHealthy, sinceSeconds: nowSeconds, contrary: 0, changes: [] };
}

/**
 * Returns the state after an answer. A destination that flaps stays unhealthy: a recovery waits
 * until another failure after it would still be at most the fifth change of a minute.
 */
export function stateAfter(
  state: CheckState,
  { isGood, atSeconds }: CheckAnswer,
  { rise, fall }: CheckRules,
): CheckState {
  const changes = recentChanges(state, atSeconds);
  // Most answers change nothing: then there is no new object, of which thousands came each second.
  if (isGood === state.isHealthy)
    return state.contrary === 0 && changes === state.changes
      ? state
      : { ...state, contrary: 0, changes };
  const contrary = state.contrary + 1;
  if (contrary < (isGood ? rise : fall) || (isGood && isDamped({ changes })))
    return { ...state, contrary, changes };
  return {
    isHealthy: isGood,
    sinceSeconds: atSeconds,
    contrary: 0,
    changes: [...changes, atSeconds],
  };
}

/** Tells whether a recovery would be one change too many. */
function isDamped({ changes }: Pick<CheckState, 'changes'>): boolean {
  return changes.length >= DAMPING.changes - 1;
}

/** Tells whether an unhealthy destination answers well, and must wait because it flaps. */
export function isHeldByDamping(state: CheckState, { rise }: CheckRules): boolean {
  return !state.isHealthy && state.contrary >= rise && isDamped(state);
}

function recentChanges({ changes }: CheckState, now: number): readonly number[] {
  const isRecent = (time: number): boolean => now - time < DAMPING.windowSeconds;
  return changes.every(isRecent) ? changes : changes.filter(isRecent);
}
