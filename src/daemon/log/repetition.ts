/** The wait before a lasting problem is logged again doubles from 1 minute to 1 hour. */
const FIRST_WAIT_SECONDS = 60;
const LONGEST_WAIT_SECONDS = 3600;

/** A problem that was logged and lasts. */
interface LastingProblem {
  readonly text: string;
  readonly since: number;
  /** How often the problem came back since it was last logged. */
  repeated: number;
  waitSeconds: number;
  nextTime: number;
}

/** Returned when a problem is to be logged. */
export interface Repetition {
  /** How often the problem came back without being logged; 0 for a new problem. */
  readonly repeated: number;
  /** Seconds since the problem was first logged. */
  readonly forSeconds: number;
}

/** Decides when to log problems: a new one at once, a lasting one more and more rarely. */
export class RepetitionLimit {
  readonly #problems = new Map<string, LastingProblem>();
  readonly #now: () => number;

  /** `now` gives seconds on a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes note of the problem of a topic. Returns undefined when it is not to be logged now. */
  note(topic: string, text: string): Repetition | undefined {
    const now = this.#now();
    const problem = this.#problems.get(topic);
    if (!problem || problem.text !== text) {
      this.#problems.set(topic, {
        text,
        since: now,
        repeated: 0,
        waitSeconds: FIRST_WAIT_SECONDS,
        nextTime: now + FIRST_WAIT_SECONDS,
      });
      return { repeated: 0, forSeconds: 0 };
    }
    problem.repeated++;
    if (now < problem.nextTime) return undefined;
    const { repeated } = problem;
    problem.waitSeconds = Math.min(problem.waitSeconds * 2, LONGEST_WAIT_SECONDS);
    problem.nextTime = now + problem.waitSeconds;
    problem.repeated = 0;
    return { repeated, forSeconds: Math.round(now - problem.since) };
  }

  /** Ends the problem of a topic. Returns whether there was one. */
  end(topic: string): boolean {
    return this.#problems.delete(topic);
  }
}
