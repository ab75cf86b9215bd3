interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Time that stands still until a test moves it. Fits every layer's `Clock`. */
export class VirtualClock {
  #now = 0;
  /** By when they are due; of those due at the same time, the one that was started first. */
  #timers: readonly Timer[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer: Timer = { due: this.#now + milliseconds, callback };
    this.#timers = [...this.#timers, timer].sort((a, b) => a.due - b.due);
    return () => this.#drop(timer);
  }

  /** When the next timer is due; undefined when there is none. */
  get next(): number | undefined {
    return this.#timers[0]?.due;
  }

  /** Runs every timer that is due until then, in order, and lets what each of them starts come to rest, timers of its own included. */
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

/** Resolves when every promise that waits for nothing but other promises is done. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
