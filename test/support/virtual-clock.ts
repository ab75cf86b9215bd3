interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. It fits the `Clock` of every layer. */
export class VirtualClock {
  #now = 0;
  /** The timers by the time at which they are due, and then by their start. */
  #timers: readonly Timer[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer: Timer = { due: this.#now + milliseconds, callback };
    this.#timers = [...this.#timers, timer].sort((a, b) => a.due - b.due);
    return () => this.#drop(timer);
  }

  /** The time at which the next timer is due. undefined when there is none. */
  get next(): number | undefined {
    return this.#timers[0]?.due;
  }

  /**
   * Runs every timer that is due until then, in order. After each, waits until the work that it
   * started has settled. Timers that it started run, too.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (;;) {
      const [timer] = this.#timers;
      if (!timer || timer.due > end) break;
      this.#drop(timer);
      this.#now = Math.max(this.#now, timer.due);
      timer.callback();
      await settle();
    }
    this.#now = end;
  }

  #drop(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }
}

/** Resolves when every promise is settled that waits only for other promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
