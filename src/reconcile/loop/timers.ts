import type { Clock } from '../../model/clock.ts';

/** Timers with names. Each name has at most one timer. */
export class Timers<Name> {
  readonly #clock: Clock;
  readonly #callback: (name: Name) => void;
  readonly #cancels = new Map<Name, () => void>();

  constructor(clock: Clock, callback: (name: Name) => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Starts a timer unless it runs already. Without a `delay`, starts none. */
  start(name: Name, delayMilliseconds: number | undefined): void {
    if (delayMilliseconds === undefined || this.#cancels.has(name)) return;
    const fire = (): void => {
      this.#cancels.delete(name);
      this.#callback(name);
    };
    this.#cancels.set(name, this.#clock.after(Math.max(0, delayMilliseconds), fire));
  }

  cancel(name: Name): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  cancelAll(): void {
    for (const name of [...this.#cancels.keys()]) this.cancel(name);
  }
}
