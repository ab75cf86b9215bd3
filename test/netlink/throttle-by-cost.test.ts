import { describe, expect, it } from 'vitest';
import { throttledByCost } from '../../src/kernel/throttle-by-cost.ts';

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
        () => now,
      );
      const results: number[] = [];
      for (; now < 100_000; now += 1000) results.push(await look());
      expect(looks).toBeLessThanOrEqual(expected);
      expect(looks).toBeGreaterThan(expected / 2);
      expect(results.at(-1)).toBe(looks);
    },
  );

  it('is not delayed for long by one poll during which the process was busy', async () => {
    let now = 0;
    let looks = 0;
    const look = throttledByCost(
      async () => {
        now += looks === 0 || looks === 3 ? 400 : 0.2;
        return ++looks;
      },
      () => now,
    );
    for (; now <= 5000; now += 1000) await look();
    expect(looks).toBeGreaterThanOrEqual(5);
  });

  it('runs at once when its result must be fresh', async () => {
    let looks = 0;
    const look = throttledByCost(
      async () => ++looks,
      () => looks * 1000,
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
      () => 0,
    );
    await expect(look()).rejects.toThrow('no table');
    expect(await look()).toBe(2);
  });
});
