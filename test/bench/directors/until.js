import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds. Returns after how many seconds it did. On a machine that does much
 * else, a director needs a minute to start.
 */
export async function until(what, condition, limitSeconds = 180) {
  const begin = performance.now();
  for (;;) {
    if (await condition()) return (performance.now() - begin) / 1000;
    if (performance.now() - begin > limitSeconds * 1000)
      throw new Error(`not after ${limitSeconds} s: ${what}`);
    await sleep(100);
  }
}
