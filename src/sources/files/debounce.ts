import type { Clock } from '../../model/clock.ts';

export interface Debounce {
  /** Something happened. */
  touch(): void;
  /** Forgets what happened. */
  cancel(): void;
}

export interface DebounceOptions {
  /** How long it must be quiet, in milliseconds. */
  readonly quiet: number;
  /** The longest wait since the first touch, for what never becomes quiet. */
  readonly ceiling: number;
}

/**
 * Calls back once it was quiet for a while after the last touch: what is read on the first event is often the first of two writes,
 * and the second may raise no event of its own.
 */
export function debounce(
  clock: Clock,
  { quiet, ceiling }: DebounceOptions,
  callback: () => void,
): Debounce {
  let first: number | undefined;
  let cancelTimer: (() => void) | undefined;
  const cancel = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    first = undefined;
  };
  return {
    touch() {
      const now = clock.now();
      first ??= now;
      cancelTimer?.();
      cancelTimer = clock.after(Math.max(0, Math.min(quiet, first + ceiling - now)), () => {
        cancel();
        callback();
      });
    },
    cancel,
  };
}
