import type { Clock } from './clock.ts';

/** The share of one core that the work may take in the long run. */
export const CPU_SHARE = 0.001;
/**
 * A measured cost includes what else the process did, above all at the start. The least of so many
 * costs counts.
 */
const MEASURED = 5;
/** The longest pause while fewer costs are measured. */
const UNSURE_MILLISECONDS = 1000;
const MAX_PAUSE_MILLISECONDS = 120_000;

/** Work that is done again and again, and may take only a share of a core. */
export interface CpuShare {
  /** Does the work, and measures it unless it fails. */
  measure<T>(work: () => Promise<T>): Promise<T>;
  /** The milliseconds to wait before the work is done again: at most two minutes. */
  readonly pause: number;
}

export function cpuShare(clock: Pick<Clock, 'cpu'>, share = CPU_SHARE): CpuShare {
  let costs: readonly number[] = [];
  return {
    async measure(work) {
      const before = clock.cpu();
      const result = await work();
      costs = [...costs, clock.cpu() - before].slice(-MEASURED);
      return result;
    },
    get pause() {
      const most = costs.length < MEASURED ? UNSURE_MILLISECONDS : MAX_PAUSE_MILLISECONDS;
      return costs.length === 0 ? 0 : Math.min(most, Math.min(...costs) / share);
    },
  };
}
