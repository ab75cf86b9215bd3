import type { Clock } from '../../model/clock.ts';
import { type CpuShare, cpuShare } from '../../model/cpu-share.ts';

interface SharedReadingPorts<T> {
  readonly clock: Clock;
  readonly read: () => Promise<T>;
  /** Makes the problem of a read that does not end. */
  readonly noAnswer: () => Error;
  /** The time that those who look wait for a first read. */
  readonly firstMilliseconds: number;
  /** The least time between two reads, which may depend on the last one. */
  readonly intervalMilliseconds: (last: T | undefined) => number;
}

/** The reason that reads fail, and since when, on the clock. */
export interface ReadingProblem {
  readonly error: Error;
  readonly since: number;
}

/** A read that takes longer has failed, as far as those who look are concerned. */
export const PATIENCE_MILLISECONDS = 10_000;
/** The time that those who look wait for a later read. */
const LATE_MILLISECONDS = 2000;
/** The share of a core that reads may take while somebody looks. */
const MAX_CPU_SHARE = 0.1;

/**
 * Something that is read when it is asked for, and again when the last reading is old enough: more
 * rarely where a read costs much. All who look share it.
 */
export class SharedReading<T> {
  readonly #ports: SharedReadingPorts<T>;
  readonly #share: CpuShare;
  #last: T | undefined;
  #problem: ReadingProblem | undefined;
  #due = Number.NEGATIVE_INFINITY;
  /** The read that runs now. */
  #reading: { readonly begun: number; readonly ended: Promise<void> } | undefined;

  constructor(ports: SharedReadingPorts<T>) {
    this.#ports = ports;
    this.#share = cpuShare(ports.clock, MAX_CPU_SHARE);
  }

  /** The last reading that succeeded. */
  get last(): T | undefined {
    return this.#last;
  }

  /** Why the last read failed, or does not end. undefined when all is well. */
  get problem(): ReadingProblem | undefined {
    const { clock, noAnswer } = this.#ports;
    const { begun = Number.POSITIVE_INFINITY } = this.#reading ?? {};
    return this.#problem === undefined && clock.now() - begun >= PATIENCE_MILLISECONDS
      ? { error: noAnswer(), since: begun }
      : this.#problem;
  }

  /** The time between two reads while somebody looks. */
  get intervalMilliseconds(): number {
    return Math.max(this.#ports.intervalMilliseconds(this.#last), this.#share.pause);
  }

  /**
   * Reads, unless that was done a moment ago. A failure becomes the `problem`. A read that takes
   * long goes on behind this call, which then leaves the reading before it in place.
   */
  async refresh(): Promise<void> {
    const { clock, firstMilliseconds } = this.#ports;
    if (clock.now() < this.#due) return;
    this.#reading ??= {
      begun: clock.now(),
      ended: this.#read().finally(() => {
        this.#reading = undefined;
      }),
    };
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(this.#last ? LATE_MILLISECONDS : firstMilliseconds, resolve);
    });
    await Promise.race([this.#reading.ended, late]);
    cancel();
  }

  async #read(): Promise<void> {
    const { clock, read } = this.#ports;
    const begun = clock.now();
    try {
      this.#last = await this.#share.measure(read);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = { error: error as Error, since: this.#problem?.since ?? begun };
    }
    this.#due = begun + this.intervalMilliseconds;
  }
}
