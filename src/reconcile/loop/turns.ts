import type { PassResult, Trigger } from './loop-state.ts';
import type { Wake } from './read-causes.ts';

export interface TurnsOptions {
  /** Never called before the last one has ended. */
  readonly turn: (wakes: readonly Wake[]) => Promise<PassResult>;
  /** Whether there may be another turn. */
  readonly isOver: () => boolean;
  /** Whether the turn that just ended is what somebody who asked for one with this trigger waits for. */
  readonly isAnswer: (trigger: Trigger) => boolean;
  /** A turn threw: there will be no other one. */
  readonly failed: (error: unknown) => void;
}

/** Somebody who asked for a turn. */
interface Waiter {
  readonly trigger: Trigger;
  readonly resolve: (result: PassResult) => void;
}

/** One turn at a time. All that is asked for meanwhile is one more. */
export class Turns {
  readonly #options: TurnsOptions;
  #pending = new Set<Wake>();
  #waiting: readonly Waiter[] = [];
  #working: Promise<void> | undefined;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** What the next turn is for. */
  get pending(): readonly Wake[] {
    return [...this.#pending];
  }

  /** Resolves when no turn is under way. */
  async settled(): Promise<void> {
    await this.#working;
  }

  add(wake: Wake): void {
    this.#pending.add(wake);
    this.#working ??= this.#work();
  }

  /** The next turn is not for this: it is no longer needed. */
  drop(wake: Wake): void {
    this.#pending.delete(wake);
  }

  /** Resolves with the turn that did what was asked for. */
  ask(trigger: Trigger): Promise<PassResult> {
    return new Promise((resolve) => {
      this.#waiting = [...this.#waiting, { trigger, resolve }];
      this.add(trigger);
    });
  }

  /** Nobody needs to wait any longer. */
  end(result: PassResult): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve(result);
  }

  async #work(): Promise<void> {
    // What is asked for in the same moment is one turn.
    await undefined;
    const { turn, isOver, failed } = this.#options;
    try {
      while (this.#pending.size > 0 && !isOver()) {
        const wakes = this.pending;
        const asked = new Set(this.#waiting);
        this.#pending = new Set<Wake>();
        this.#answer(asked, await turn(wakes));
      }
    } catch (error) {
      failed(error);
    }
    // In the same moment as the last look at what is pending, so that nothing is asked for in between.
    this.#working = undefined;
  }

  /** Who asked during the turn waits for the next one. */
  #answer(asked: ReadonlySet<Waiter>, result: PassResult): void {
    const isAnswered = (waiter: Waiter): boolean => asked.has(waiter) && this.#options.isAnswer(waiter.trigger);
    const answered = this.#waiting.filter(isAnswered);
    this.#waiting = this.#waiting.filter((waiter) => !isAnswered(waiter));
    for (const { resolve } of answered) resolve(result);
  }
}
