import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Schedule } from '../../../src/daemon/health/schedule.ts';
import { holds, isBrokenBy } from '../../support/properties.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Item {
  readonly due: number;
}

/** The most that an item may be late. */
const STEP = 10;
/** Longer than one turn of the wheel. */
const LONG = 25_000;

/** A schedule that notes the lateness of each item. */
function scheduling(clock = new VirtualClock()) {
  const late: number[] = [];
  const schedule = new Schedule<Item>(clock, ({ due }) => late.push(clock.now() - due));
  return { clock, schedule, late };
}

const items = fc.array(
  fc.record({
    addedAt: fc.integer({ min: 0, max: 500 }),
    wait: fc.double({ min: 0, max: LONG, noNaN: true }),
  }),
  { maxLength: 20 },
);

/** Adds items at their times, and expects that each is handed over once, in time. */
const isPunctual = (clockOf: () => VirtualClock) =>
  fc.asyncProperty(items, async (added) => {
    const { clock, schedule, late } = scheduling(clockOf());
    for (const { addedAt, wait } of [...added].sort((a, b) => a.addedAt - b.addedAt)) {
      await clock.advance(addedAt - clock.now());
      schedule.add({ due: addedAt + wait });
    }
    await clock.advance(LONG + STEP);
    expect(late.length).toBe(added.length);
    for (const each of late) {
      expect(each).toBeGreaterThan(-1e-6);
      expect(each).toBeLessThan(STEP + 1e-6);
    }
    expect(clock.next).toBeUndefined();
  });

describe('a schedule', () => {
  it('hands over each item once, at most one step after it is due', () =>
    holds(
      isPunctual(() => new VirtualClock()),
      60,
    ));

  it('would hand over items too late on a clock whose timers are late', () =>
    isBrokenBy(
      isPunctual(
        () =>
          new (class extends VirtualClock {
            override after(milliseconds: number, callback: () => void): () => void {
              return super.after(milliseconds + 2 * STEP, callback);
            }
          })(),
      ),
      200,
    ));

  it('hands over at once what is overdue', async () => {
    const { clock, schedule, late } = scheduling();
    await clock.advance(1003);
    schedule.add({ due: 500 });
    await clock.advance(STEP);
    expect(late).toEqual([503]);
  });

  it('hands over everything that became due while the process stood still', () => {
    const taken: number[] = [];
    let now = 0;
    let wake = (): void => {};
    const clock = {
      now: () => now,
      cpu: () => 0,
      after: (_: number, callback: () => void) => {
        wake = callback;
        return () => {};
      },
    };
    const schedule = new Schedule<Item>(clock, ({ due }) => taken.push(due));
    for (const due of [5, 100, 11_000, 24_000, 90_000]) schedule.add({ due });
    now = 30_000;
    wake();
    expect(taken.sort((a, b) => a - b)).toEqual([5, 100, 11_000, 24_000]);
  });

  it('forgets what is not kept, and its timer with the last item', async () => {
    const { clock, schedule, late } = scheduling();
    const kept = { due: 2000 };
    schedule.add({ due: 1000 });
    schedule.add(kept);
    schedule.keep((item) => item === kept);
    await clock.advance(3000);
    expect(late).toEqual([0]);
    schedule.add({ due: 4000 });
    schedule.keep(() => false);
    expect(clock.next).toBeUndefined();
  });

  it('serves thousands of items with one timer', async () => {
    const { clock, schedule, late } = scheduling();
    let timers = 0;
    const after = clock.after.bind(clock);
    clock.after = (...args) => {
      timers++;
      return after(...args);
    };
    for (let index = 0; index < 5000; index++) schedule.add({ due: 1000 + index / 5 });
    await clock.advance(3000);
    expect(late.length).toBe(5000);
    expect(timers).toBeLessThan(110);
  });
});
