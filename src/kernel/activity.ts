import type { Ipvs } from '../model/ipvs.ts';

/**
 * No call that works takes this long: netlink gives up after 10 s of silence, and a wave of 2048
 * operations takes a fraction of 1 s.
 */
const STUCK_SECONDS = 60;

/** Watches whether the loop makes progress: whether any call that it waits for takes too long. */
export class Activity {
  readonly #now: () => number;
  readonly #underWay = new Set<{ readonly since: number }>();

  /** `now` in seconds on a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get isStuck(): boolean {
    const now = this.#now();
    return [...this.#underWay].some(({ since }) => now - since > STUCK_SECONDS);
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const entry = { since: this.#now() };
    this.#underWay.add(entry);
    try {
      return await work();
    } finally {
      this.#underWay.delete(entry);
    }
  }

  /** Watches the calls of `ipvs`. */
  watched(ipvs: Ipvs): Ipvs {
    return {
      info: () => this.during(() => ipvs.info()),
      read: (options) => this.during(() => ipvs.read(options)),
      execute: (wave) => this.during(() => ipvs.execute(wave)),
      close: () => ipvs.close(),
    };
  }
}
