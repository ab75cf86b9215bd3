import type { Clock } from '../model/clock.ts';
import { cpuShare } from '../model/cpu-share.ts';

/**
 * Limits the cost of repeated calls to 0.1 % of a core: between two calls of `look`, the last
 * result is returned again. A call that is cheap enough is never spared. With `fresh`, the result
 * is never an old one.
 */
export function throttledByCost<T>(
  look: () => Promise<T>,
  clock: Pick<Clock, 'now' | 'cpu'>,
): (fresh?: boolean) => Promise<T> {
  const share = cpuShare(clock);
  let last: { readonly result: T; readonly until: number } | undefined;
  return async (fresh = false) => {
    if (!fresh && last && clock.now() < last.until) return last.result;
    last = undefined;
    const result = await share.measure(look);
    last = { result, until: clock.now() + share.pause };
    return result;
  };
}
