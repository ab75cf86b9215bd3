import type { ServiceDetail } from './documents.ts';

type Values = readonly (number | null)[];

/** Rates of a destination, one value for each interval, the newest last. null: not looked at. */
export interface DestinationPlot {
  readonly connections: Values;
  /** In and out together. */
  readonly bytes: Values;
}

/** The rates of the destinations of a service, for as long as this page follows them. */
export interface DestinationPlots {
  /** The interval of the newest values. */
  readonly interval: number;
  readonly plots: ReadonlyMap<string, DestinationPlot>;
}

const INTERVAL_MILLISECONDS = 10_000;
/** 15 minutes. */
const POINTS = 90;

/**
 * Adds the rates of a reading at the time `at`. The page keeps them itself: the daemon reads
 * destinations for those who look, so that it has no earlier rates either. The kernel's rates are
 * averages over about 8 s: the first reading of an interval stands for it.
 */
export function withReading(
  before: DestinationPlots | undefined,
  { destinations_list }: ServiceDetail,
  at: string,
): DestinationPlots {
  const interval = Math.floor(Date.parse(at) / INTERVAL_MILLISECONDS);
  // A clock that was set back, or that stood still for too long, begins anew.
  const isLater = before !== undefined && interval >= before.interval;
  const passed = isLater ? interval - before.interval : POINTS;
  if (before && passed === 0) return before;
  const earlier = passed < POINTS ? before?.plots : undefined;
  const gap: Values = Array(passed - 1).fill(null);
  const longest = Math.max(0, ...Array.from(earlier?.values() ?? [], lengthOf));
  const plots = destinations_list.map(({ destination, rates, live }) => {
    const none: Values = Array(longest).fill(null);
    const { connections = none, bytes = none } = earlier?.get(destination) ?? {};
    const next = (values: Values, value: number): Values =>
      [...values, ...(earlier ? gap : []), live ? value : null].slice(-POINTS);
    const own: DestinationPlot = {
      connections: next(connections, rates.connections),
      bytes: next(bytes, rates.in_bytes + rates.out_bytes),
    };
    return [destination, own] as const;
  });
  return { interval, plots: new Map(plots) };
}

function lengthOf({ connections }: DestinationPlot): number {
  return connections.length;
}
