/** How often something that stays the same is said again: after 1, 2, 4, ... minutes, and then every hour. */
const FIRST_SECONDS = 60;
const LAST_SECONDS = 3600;

/** What is the matter for now, by topic. */
interface Said {
  readonly text: string;
  readonly since: number;
  /** Times it came back since it was said last. */
  count: number;
  next: number;
  wait: number;
}

/** A thing worth saying now. */
export interface Saying {
  /** Times it came back without being said; 0 the first time. */
  readonly repeated: number;
  /** Seconds since it was said first. */
  readonly forSeconds: number;
}

/** Decides what is worth a line in the log: what is new at once, what comes back the same at growing distances. */
export class Repetition {
  readonly #said = new Map<string, Said>();
  readonly #now: () => number;

  /** `now` in seconds on a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** undefined: it was said already. */
  check(topic: string, text: string): Saying | undefined {
    const now = this.#now();
    const said = this.#said.get(topic);
    if (!said || said.text !== text) {
      this.#said.set(topic, {
        text,
        since: now,
        count: 0,
        next: now + FIRST_SECONDS,
        wait: FIRST_SECONDS,
      });
      return { repeated: 0, forSeconds: 0 };
    }
    said.count++;
    if (now < said.next) return undefined;
    const saying = { repeated: said.count, forSeconds: Math.round(now - said.since) };
    said.wait = Math.min(said.wait * 2, LAST_SECONDS);
    said.next = now + said.wait;
    said.count = 0;
    return saying;
  }

  /** It is over. True when it had been said. */
  clear(topic: string): boolean {
    return this.#said.delete(topic);
  }
}
