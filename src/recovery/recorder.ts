import type { Ipvs } from '../model/ipvs.ts';
import type { Operation } from '../model/operation.ts';
import type { Table } from '../model/table.ts';
import type { Change } from '../plan/change.ts';
import type { Plan } from '../plan/plan.ts';
import { Simulation } from '../plan/simulate.ts';

/** One pass that writes: the table that was read, and the table that it leads to. */
export interface TablePass {
  readonly before: Table;
  readonly after: Table;
  /** The changes from `before` to `after`, where they are known. */
  readonly changes?: readonly Change[];
}

export interface Recorder {
  readonly ipvs: Ipvs;
  /** Stores the way back from a plan. To be called before its first operation. */
  announce(plan: Pick<Plan, 'live' | 'desired' | 'changes'>): Promise<void>;
}

/**
 * Stores the way back before a wave is sent, so that another process can roll it back. An announced
 * plan is stored once, whole. After a later read of the table, such as that of a second pass, each
 * wave is stored by itself. When `write` throws, the wave is not sent.
 */
export function recorded(
  inner: Ipvs,
  write: (passes: readonly TablePass[]) => Promise<void>,
): Recorder {
  const passes: TablePass[] = [];
  let live: Table | undefined;
  let isPlanned = false;
  let hasExecuted = false;
  let simulation: Simulation | undefined;

  const foresee = async (table: Table, wave: readonly Operation[]): Promise<void> => {
    const before = simulation ? (passes.pop()?.before ?? table) : table;
    simulation ??= new Simulation(table);
    for (const operation of wave) simulation.apply(operation);
    passes.push({ before, after: simulation.table() });
    await write(passes);
  };

  return {
    announce: async ({ live: before, desired: after, changes }) => {
      isPlanned = true;
      passes.push({ before, after, changes });
      await write(passes);
    },
    ipvs: {
      info: () => inner.info(),
      close: () => inner.close(),
      read: async (options) => {
        const snapshot = await inner.read(options);
        if (options?.services !== undefined) return snapshot;
        live = snapshot.table;
        if (hasExecuted) {
          isPlanned = false;
          simulation = undefined;
          hasExecuted = false;
        }
        return snapshot;
      },
      execute: async (wave) => {
        if (live && !isPlanned) await foresee(live, wave);
        hasExecuted = true;
        return inner.execute(wave);
      },
    },
  };
}
