import type { Ipvs } from '../model/ipvs.ts';

/** Longer than anything that works takes: netlink gives up after 10 s of silence, and a wave of 2048 operations takes a fraction of one. */
const STUCK_SECONDS = 60;

/** Knows whether the loop makes progress: whether anything that it waits for has been under way for too long. */
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

  /** The same port, watched. */
  watched(ipvs: Ipvs): Ipvs {
    return {
      info: () => this.during(() => ipvs.info()),
      read: (options) => this.during(() => ipvs.read(options)),
      execute: (wave) => this.during(() => ipvs.execute(wave)),
      close: () => ipvs.close(),
    };
  }
}
