import type { PassResult, Trigger } from './loop-state.ts';
import type { Wake } from './read-causes.ts';

interface PassQueueOptions {
  /** Handles wakes, with a pass if one is due. Never called before the last call has ended. */
  readonly handle: (wakes: readonly Wake[]) => Promise<PassResult>;
  /** Tells whether no more wakes are to be handled. */
  readonly isOver: () => boolean;
  /** Tells whether the result that just came answers a request with this trigger. */
  readonly isAnswer: (trigger: Trigger) => boolean;
  /** Called when `handle` threw. No more wakes are handled then. */
  readonly failed: (error: unknown) => void;
}

/** A caller that waits for the result of its trigger. */
interface Waiter {
  readonly trigger: Trigger;
  readonly resolve: (result: PassResult) => void;
}

/**
 * Handles wakes one after another. All wakes that come while one is handled are handled together,
 * once.
 */
export class PassQueue {
  readonly #options: PassQueueOptions;
  #pending = new Set<Wake>();
  #waiting: readonly Waiter[] = [];
  #working: Promise<void> | undefined;

  constructor(options: PassQueueOptions) {
    this.#options = options;
  }

  /** The wakes that are handled next. */
  get pending(): readonly Wake[] {
    return [...this.#pending];
  }

  /** Resolves when no wake is being handled. */
  async settled(): Promise<void> {
    await this.#working;
  }

  add(wake: Wake): void {
    this.#pending.add(wake);
    this.#working ??= this.#work();
  }

  /** Removes a wake that is no longer needed. */
  drop(wake: Wake): void {
    this.#pending.delete(wake);
  }

  /** Adds a trigger, and resolves with the result that answers it. */
  ask(trigger: Trigger): Promise<PassResult> {
    return new Promise((resolve) => {
      this.#waiting = [...this.#waiting, { trigger, resolve }];
      this.add(trigger);
    });
  }

  /** Answers every caller that waits, because nothing more is handled. */
  end(result: PassResult): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve(result);
  }

  async #work(): Promise<void> {
    // Wakes of the same moment are handled together.
    await undefined;
    const { handle, isOver, failed } = this.#options;
    try {
      while (this.#pending.size > 0 && !isOver()) {
        const wakes = this.pending;
        const asked = new Set(this.#waiting);
        this.#pending = new Set<Wake>();
        this.#answer(asked, await handle(wakes));
      }
    } catch (error) {
      failed(error);
    }
    // Nothing is awaited since the last look at `#pending`, so no wake can have come in between.
    this.#working = undefined;
  }

  /**
   * Answers the callers that asked before the work began. A later caller waits for the next result.
   */
  #answer(asked: ReadonlySet<Waiter>, result: PassResult): void {
    const isAnswered = (waiter: Waiter): boolean =>
      asked.has(waiter) && this.#options.isAnswer(waiter.trigger);
    const answered = this.#waiting.filter(isAnswered);
    this.#waiting = this.#waiting.filter((waiter) => !isAnswered(waiter));
    for (const { resolve } of answered) resolve(result);
  }
}

/** A promise with the functions that settle it. */
export function deferred(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // A rejection that nobody awaits must not end the process: the state has the error too.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
