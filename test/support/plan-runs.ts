import type { ErrnoName } from '../../src/errors.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Table } from '../../src/model/table.ts';
import { diff } from '../../src/plan/diff.ts';
import type { Plan, Wave } from '../../src/plan/plan.ts';
import { Simulation } from '../../src/plan/simulate.ts';

export type Planner = (live: Table, desired: Table) => Plan;

export function operationsOf({ waves }: Pick<Plan, 'waves'>): Operation[] {
  return waves.flatMap(({ steps }) => steps.map(({ operation }) => operation));
}

export interface Run {
  /** The table before the first operation, and after each operation. */
  readonly tables: readonly [Table, ...Table[]];
  readonly last: Table;
  readonly refusals: readonly { readonly operation: Operation; readonly errno: ErrnoName }[];
}

/** Executes operations one by one on a table, and keeps every table on the way. */
export function run(table: Table, operations: readonly Operation[]): Run {
  const simulation = new Simulation(table);
  const tables: [Table, ...Table[]] = [table];
  const refusals: { operation: Operation; errno: ErrnoName }[] = [];
  for (const operation of operations) {
    const errno = simulation.apply(operation);
    if (errno) refusals.push({ operation, errno });
    tables.push(simulation.table());
  }
  return { tables, last: tables[tables.length - 1] ?? table, refusals };
}

/**
 * The operations that the kernel executes when it refuses one: the rest of that wave, and none of
 * the later waves.
 */
export function withOneRefused(waves: readonly Wave[]): Operation[][] {
  return waves.flatMap((wave, index) => {
    const earlier = operationsOf({ waves: waves.slice(0, index) });
    const own = operationsOf({ waves: [wave] });
    return own.map((_, refused) => [
      ...earlier,
      ...own.filter((_, position) => position !== refused),
    ]);
  });
}

export function isSameTable(a: Table, b: Table): boolean {
  return diff(a, b).length === 0;
}
