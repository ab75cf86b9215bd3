import type { Ipvs } from '../model/ipvs.ts';

/**
 * The same port, whose first read of the whole table ends with `ABORTED` when the signal says so: nothing is under way before it. Reads
 * that follow belong to what was begun.
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
