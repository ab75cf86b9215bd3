interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. It fits the `Clock` of every layer. */
export class VirtualClock {
  #now = 0;
  #cpu = 0;
  /** True while other programs have the processor: time passes in which this process waits. */
  isMachineBusy = false;
  /** The timers by the time at which they are due, and then by their start. */
  #timers: readonly Timer[] = [];

  now(): number {
    return this.#now;
  }

  /** The process works all the time, unless a test says that the machine is busy. */
  cpu(): number {
    return this.#cpu;
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
      this.#pass(timer.due);
      timer.callback();
      await settle();
    }
    this.#pass(end);
  }

  #pass(until: number): void {
    const passed = Math.max(0, until - this.#now);
    this.#now += passed;
    if (!this.isMachineBusy) this.#cpu += passed;
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
