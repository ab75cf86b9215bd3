import type { Clock } from '../../model/clock.ts';
import type { DoctorWarning } from './documents.ts';

const AGE_MILLISECONDS = 300_000;

/** The warnings of `ipvstate doctor`. The machine is examined when somebody asks, and rarely. */
export class Diagnosis {
  readonly #examine: () => Promise<readonly DoctorWarning[]>;
  readonly #clock: Pick<Clock, 'now'>;
  #warnings: readonly DoctorWarning[] | null = null;
  #problem: string | undefined;
  #due = Number.NEGATIVE_INFINITY;
  #last: Promise<void> = Promise.resolve();

  constructor(examine: () => Promise<readonly DoctorWarning[]>, clock: Pick<Clock, 'now'>) {
    this.#examine = examine;
    this.#clock = clock;
  }

  /** Why the last look failed. undefined when it did not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Returns the warnings of the last look, or null before the first one has ended. Begins another
   * look when the last one is 5 minutes old.
   */
  warnings(): readonly DoctorWarning[] | null {
    if (this.#clock.now() >= this.#due) {
      this.#due = this.#clock.now() + AGE_MILLISECONDS;
      this.#last = this.#look();
    }
    return this.#warnings;
  }

  /** Resolves when a look has ended that is less than 5 minutes old. */
  settled(): Promise<void> {
    this.warnings();
    return this.#last;
  }

  async #look(): Promise<void> {
    try {
      this.#warnings = await this.#examine();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = (error as Error).message;
    }
  }
}
