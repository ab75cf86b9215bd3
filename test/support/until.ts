import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MILLISECONDS = 20;

/**
 * Resolves once the condition holds; the error says what it was. A condition that throws does not
 * hold yet.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 180,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      if (await holds()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
    }
    await sleep(LOOK_MILLISECONDS);
  }
}
