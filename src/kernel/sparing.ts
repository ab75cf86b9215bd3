/** Of one core, in the long run. */
const SHARE = 0.001;
/** What else the machine does meanwhile is in the measure, at the start above all: the least of some looks is what one costs. */
const LOOKS = 5;
const UNSURE_MILLISECONDS = 1000;
const MOST_MILLISECONDS = 120_000;

/**
 * The same look, which is taken so seldom that it costs at most 0.1 % of a core, but every two minutes; in between, its last result stands.
 * For a table of ordinary size that is every time. `fresh` takes it in any case.
 */
export function sparing<T>(
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
    costs = [...costs, now() - before].slice(-LOOKS);
    const most = costs.length < LOOKS ? UNSURE_MILLISECONDS : MOST_MILLISECONDS;
    last = { result, until: now() + Math.min(most, Math.min(...costs) / SHARE) };
    return result;
  };
}
