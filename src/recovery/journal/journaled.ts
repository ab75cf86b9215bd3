import type { Ipvs, Refused } from '../../model/ipvs.ts';
import { formatOperation } from '../../model/operation.ts';
import { Simulation } from '../../plan/simulate.ts';
import type { Journal } from './journal.ts';
import { journalOperation } from './journal-operation.ts';

/**
 * Journals every wave before it is sent, and the kernel's answers after. While `isBrief` is true,
 * operations are journaled without their settings.
 */
export function journaled(ipvs: Ipvs, journal: Journal, isBrief = () => false): Ipvs {
  let table: Simulation | undefined;
  let next = 1;
  return {
    info: () => ipvs.info(),
    close: () => ipvs.close(),
    read: async (options) => {
      const snapshot = await ipvs.read(options);
      if (options?.services === undefined) table = new Simulation(snapshot.table);
      return snapshot;
    },
    execute: async (wave) => {
      const first = next;
      next += wave.length;
      const before = table?.table();
      journal.write({
        type: 'wave',
        first,
        operations: isBrief()
          ? wave.map((operation) => ({ operation: formatOperation(operation) }))
          : wave.map((operation) => journalOperation(operation, before)),
      });
      try {
        const refused = await ipvs.execute(wave);
        for (const [index, operation] of wave.entries())
          if (!refused.has(index)) table?.apply(operation);
        journal.write({
          type: 'outcomes',
          first,
          done: wave.length - refused.size,
          refused: numbered(refused, first),
        });
        return refused;
      } catch (error) {
        journal.write({
          type: 'outcomes',
          first,
          done: 0,
          refused: [],
          lost: error instanceof Error ? error.message : String(error),
        });
        throw error;
      }
    },
  };
}

function numbered(refused: Refused, first: number) {
  return [...refused].map(([index, { errno }]) => ({ operation: first + index, errno }));
}
