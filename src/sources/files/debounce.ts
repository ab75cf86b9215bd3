import type { Clock } from '../../model/clock.ts';

export interface Debounce {
  /** Notes an event. */
  touch(): void;
  /** Forgets all events. */
  cancel(): void;
}

interface DebounceOptions {
  /** Milliseconds without an event before the callback. */
  readonly quiet: number;
  /** Milliseconds from the first event to the callback while events never cease. */
  readonly ceiling: number;
}

/**
 * Calls back when there was no event for a while. A file that is read on the first event is often
 * incomplete, and the second write may raise no event of its own.
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
