import type { Clock } from './clock.ts';

/** Timers by name, one of each at most. */
export class Timers<Name> {
  readonly #clock: Clock;
  readonly #callback: (name: Name) => void;
  readonly #cancels = new Map<Name, () => void>();

  constructor(clock: Clock, callback: (name: Name) => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Starts one that is not running, in milliseconds; undefined starts none. */
  start(name: Name, delay: number | undefined): void {
    if (delay === undefined || this.#cancels.has(name)) return;
    const fire = (): void => {
      this.#cancels.delete(name);
      this.#callback(name);
    };
    this.#cancels.set(name, this.#clock.after(Math.max(0, delay), fire));
  }

  cancel(name: Name): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  cancelAll(): void {
    for (const name of [...this.#cancels.keys()]) this.cancel(name);
  }
}
