/** Time on the clock, and of the processor, in milliseconds. */
export interface Meter {
  now(): number;
  cpu(): number;
}

export const PROCESS_METER: Meter = {
  now: () => performance.now(),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** Of one core, in the long run. */
const SHARE = 0.003;
/** What else the process does meanwhile is in the measure, at its start above all: the least of some looks is what one costs. */
const LOOKS = 5;
const UNSURE_MILLISECONDS = 1000;
const MOST_MILLISECONDS = 60_000;

/**
 * The same look, which is taken so seldom that it costs at most 0.3 % of a core, but once a minute; in between, its last result stands.
 * For a table of ordinary size that is every time.
 */
export function sparing<T>(look: () => Promise<T>, meter: Meter = PROCESS_METER): () => Promise<T> {
  let last: { readonly result: T; readonly until: number } | undefined;
  let costs: readonly number[] = [];
  return async () => {
    if (last && meter.now() < last.until) return last.result;
    last = undefined;
    const before = meter.cpu();
    const result = await look();
    costs = [...costs, meter.cpu() - before].slice(-LOOKS);
    const most = costs.length < 2 ? UNSURE_MILLISECONDS : MOST_MILLISECONDS;
    last = { result, until: meter.now() + Math.min(most, Math.min(...costs) / SHARE) };
    return result;
  };
}
