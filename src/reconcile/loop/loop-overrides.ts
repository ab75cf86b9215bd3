import { IpvstateError } from '../../errors.ts';
import { type DrainKey, drainKey } from '../../model/drain.ts';
import { type Table, withWeights } from '../../model/table.ts';
import type { Report } from '../../plan/report.ts';
import type { OverrideWork } from './loop-interface.ts';
import type { LoopOptions } from './loop-options.ts';
import type { LoopState } from './loop-state.ts';
import type { PassFindings } from './pass-interface.ts';
import type { Wake } from './read-causes.ts';

/** A timer may fire a little early, and must not find the weight from before a step. */
const MARGIN = 10;

type Options = Pick<LoopOptions, 'drift' | 'settleOverrides' | 'lock'>;

/** Work on overrides between two passes, and the time of the next step or end of an override. */
export class LoopOverrides {
  readonly #options: Options;
  #waiting: readonly (() => Promise<void>)[] = [];
  /** The weights that were written for overrides since the last pass of the whole table. */
  #weights: ReadonlyMap<DrainKey, number> = new Map();
  /** When an override next changes a weight by itself, on the loop's clock. undefined: never. */
  dueAt: number | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Adds work. `pass` asks for the pass that follows it, and resolves when that has ended. Resolves
   * and rejects as the work does. Throws `UNAVAILABLE` when the loop ends before.
   */
  async between<T extends OverrideWork>(
    work: () => Promise<T>,
    pass: () => Promise<unknown>,
  ): Promise<T> {
    let done: Promise<T> | undefined;
    const locked = async (): Promise<T> => {
      // A paused daemon does not hold the lock.
      await this.#options.lock?.take();
      return work();
    };
    this.#waiting = [
      ...this.#waiting,
      async () => {
        done = locked();
        this.#note((await done.catch(() => undefined))?.report);
      },
    ];
    await pass();
    if (!done) throw new IpvstateError('UNAVAILABLE', 'the daemon is stopping');
    return done;
  }

  /**
   * Does the work that waits. Never throws. Overrides move and end in time also while differences
   * are only reported, or a guard holds the plan of the files back.
   */
  async work(wakes: readonly Wake[], { refused, pause }: LoopState): Promise<void> {
    if (wakes.includes('override')) this.dueAt = undefined;
    const works = this.#waiting;
    this.#waiting = [];
    for (const work of works) await work();
    if (works.length > 0 || pause || !wakes.includes('override')) return;
    const { drift = 'correct', settleOverrides } = this.#options;
    if (drift !== 'correct' || refused) this.#note((await settleOverrides?.())?.report);
  }

  #note(report: Report | undefined): void {
    if (report?.outcome !== 'applied') return;
    const weights = new Map(this.#weights);
    for (const change of report.plan.changes)
      if (change.object === 'destination' && change.after)
        weights.set(drainKey(change.service, change.destination), change.after.weight);
    this.#weights = weights;
  }

  /**
   * Returns the table that the last pass left, with the weights that overrides set since then. No
   * other program changed those.
   */
  expected(left: Table | undefined): Table | undefined {
    return left && withWeights(left, this.#weights);
  }

  /**
   * Takes over what a pass found. A time that was set before stays when it is earlier: passes that
   * follow each other closely must not put it off again and again.
   */
  learn(found: PassFindings, now: number): void {
    const { overrideWaitSeconds: wait } = found;
    if (found.overridesOnly) this.#note(found.report);
    else if (found.left) this.#weights = new Map();
    if (wait === undefined) this.dueAt = undefined;
    else this.dueAt = Math.min(this.dueAt ?? Number.POSITIVE_INFINITY, now + wait * 1000 + MARGIN);
  }
}
