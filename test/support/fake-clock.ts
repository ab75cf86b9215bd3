import type { Clock } from '../../src/kernel/netlink/clock.ts';

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now = 0;
  #timers: { readonly due: number; readonly callback: () => void }[] = [];

  after(milliseconds: number, callback: () => void): void {
    this.#timers.push({ due: this.#now + milliseconds, callback });
  }

  afterInput(callback: () => void): void {
    callback();
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = this.#timers.filter((timer) => timer.due <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.due > this.#now);
    for (const timer of due) timer.callback();
  }
}
