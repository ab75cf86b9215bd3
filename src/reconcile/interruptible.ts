import type { Ipvs } from '../model/ipvs.ts';

/**
 * Lets `signal` end the first read of the whole table with `ABORTED`. Later reads cannot be ended:
 * by then the pass may have written.
 */
export function interruptible(ipvs: Ipvs, signal: AbortSignal): Ipvs {
  let isFirst = true;
  return {
    info: () => ipvs.info(),
    read: (options = {}) => {
      if (options.services !== undefined || !isFirst) return ipvs.read(options);
      isFirst = false;
      return ipvs.read({ ...options, signal });
    },
    execute: (wave) => ipvs.execute(wave),
    close: () => ipvs.close(),
  };
}
