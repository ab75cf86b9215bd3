import type { Clock } from '../../model/clock.ts';

/** Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/** A span that is up to a tenth shorter or longer, so that many machines do not read the same share at the same moment. */
export function jittered(milliseconds: number, random: () => number): number {
  return milliseconds * (0.9 + 0.2 * random());
}
