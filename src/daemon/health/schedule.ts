import type { Clock } from '../../model/clock.ts';

interface Item {
  /** The time at which it is due, on the clock. It stands still while the item is scheduled. */
  readonly due: number;
}

/** Items that are due in one step are handed over at its end. */
const STEP_MILLISECONDS = 10;
/** The steps of one turn of the wheel, a power of two. An item may wait for more than one turn. */
const STEPS = 1024;

/**
 * Hands over items when they are due. It is a wheel of lists, one for each step of time, with one
 * timer: a timer for each of thousands of items costs more than what it starts.
 */
export class Schedule<Each extends Item> {
  readonly #clock: Clock;
  readonly #take: (item: Each) => void;
  #wheel: Each[][] = emptyWheel();
  #size = 0;
  /** The first step that is not over. */
  #step: number;
  #timer: { readonly step: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, take: (item: Each) => void) {
    this.#clock = clock;
    this.#take = take;
    this.#step = stepOf(clock.now());
  }

  add(item: Each): void {
    const step = Math.max(this.#step, stepOf(item.due));
    this.#wheel[step % STEPS]?.push(item);
    this.#size++;
    if (!this.#timer || step < this.#timer.step) this.#arm(step);
  }

  /** Removes all items but these. */
  keep(isKept: (item: Each) => boolean): void {
    this.#wheel = this.#wheel.map((items) => items.filter(isKept));
    this.#size = this.#wheel.reduce((sum, { length }) => sum + length, 0);
    if (this.#size === 0) this.#cancel();
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(step: number): void {
    this.#cancel();
    const wait = Math.max(0, step * STEP_MILLISECONDS - this.#clock.now());
    this.#timer = { step, cancel: this.#clock.after(wait, () => this.#run()) };
  }

  #run(): void {
    this.#timer = undefined;
    const last = Math.floor(this.#clock.now() / STEP_MILLISECONDS);
    const first = Math.max(this.#step, last - STEPS + 1);
    this.#step = last + 1;
    for (let step = first; step <= last; step++) this.#takeStep(step);
    if (this.#size === 0) return;
    let next = this.#step;
    while (this.#wheel[next % STEPS]?.length === 0) next++;
    this.#arm(next);
  }

  #takeStep(step: number): void {
    const items = this.#wheel[step % STEPS] ?? [];
    if (items.length === 0) return;
    const later: Each[] = [];
    this.#wheel[step % STEPS] = later;
    for (const item of items) {
      // One that is due in a later turn stays.
      if (stepOf(item.due) > step) later.push(item);
      else {
        this.#size--;
        this.#take(item);
      }
    }
  }
}

function emptyWheel<Each>(): Each[][] {
  return Array.from({ length: STEPS }, () => []);
}

/** The step at whose beginning a time is over. */
function stepOf(time: number): number {
  return Math.ceil(time / STEP_MILLISECONDS);
}
