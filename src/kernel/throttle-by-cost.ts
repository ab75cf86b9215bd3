/** The share of one core that the calls may cost in the long run. */
const SHARE = 0.001;
/**
 * A measured cost includes what else the machine did, above all at the start. The least of so many
 * costs counts.
 */
const MEASURED_CALLS = 5;
/** The longest pause while fewer calls are measured. */
const UNSURE_MILLISECONDS = 1000;
const MAX_PAUSE_MILLISECONDS = 120_000;

/**
 * Limits the cost of repeated calls to 0.1 % of a core: between two calls of `look`, the last
 * result is returned again. The pause is at most two minutes. A call that is cheap enough is never
 * spared. With `fresh`, the result is never an old one.
 */
export function throttledByCost<T>(
  look: () => Promise<T>,
  now: () => number = () => performance.now(),
): (fresh?: boolean) => Promise<T> {
  let last: { readonly result: T; readonly until: number } | undefined;
  let costs: readonly number[] = [];
  return async (fresh = false) => {
    if (!fresh && last && now() < last.until) return last.result;
    last = undefined;
    const before = now();
    const result = await look();
    costs = [...costs, now() - before].slice(-MEASURED_CALLS);
    const maxPause = costs.length < MEASURED_CALLS ? UNSURE_MILLISECONDS : MAX_PAUSE_MILLISECONDS;
    last = { result, until: now() + Math.min(maxPause, Math.min(...costs) / SHARE) };
    return result;
  };
}
