import { describe, expect, it } from 'vitest';
import { throttledByCost } from '../../src/kernel/throttle-by-cost.ts';

/** A clock of a process that has the processor for itself, unless `cpu` says less. */
const clock = (now: () => number, cpu = now) => ({ now, cpu });

describe('a poll that is throttled by its cost', () => {
  it.each([
    [0.1, 100],
    [15, 14],
    [60, 8],
    [3000, 8],
  ])(
    'that costs %s ms is taken at most %s times in 100 looks, 1 s apart',
    async (cost, expected) => {
      let now = 0;
      let looks = 0;
      const look = throttledByCost(
        async () => {
          now += cost;
          return ++looks;
        },
        clock(() => now),
      );
      const results: number[] = [];
      for (; now < 100_000; now += 1000) results.push(await look());
      expect(looks).toBeLessThanOrEqual(expected);
      expect(looks).toBeGreaterThan(expected / 2);
      expect(results.at(-1)).toBe(looks);
    },
  );

  it('is taken each second while it takes seconds only because the machine is busy', async () => {
    let now = 0;
    let looks = 0;
    const look = throttledByCost(
      async () => {
        now += 300;
        return ++looks;
      },
      clock(
        () => now,
        () => looks * 0.5,
      ),
    );
    for (; now < 100_000; now += 1000) await look();
    expect(looks).toBeGreaterThan(70);
  });

  it('is not delayed for long by one poll during which the process was busy', async () => {
    let now = 0;
    let looks = 0;
    const look = throttledByCost(
      async () => {
        now += looks === 0 || looks === 3 ? 400 : 0.2;
        return ++looks;
      },
      clock(() => now),
    );
    for (; now <= 5000; now += 1000) await look();
    expect(looks).toBeGreaterThanOrEqual(5);
  });

  it('runs at once when its result must be fresh', async () => {
    let looks = 0;
    const look = throttledByCost(
      async () => ++looks,
      clock(() => looks * 1000),
    );
    expect([await look(), await look(), await look(true), await look()]).toEqual([1, 1, 2, 2]);
  });

  it('runs again at once after a failure', async () => {
    let looks = 0;
    const look = throttledByCost(
      async () => {
        if (++looks === 1) throw new Error('no table');
        return looks;
      },
      clock(() => 0),
    );
    await expect(look()).rejects.toThrow('no table');
    expect(await look()).toBe(2);
  });
});
