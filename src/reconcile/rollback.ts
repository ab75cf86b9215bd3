import type { Ipvs } from '../model/ipvs.ts';
import type { Operation } from '../model/operation.ts';
import type { Table } from '../model/table.ts';
import type { Change } from '../plan/change.ts';
import { diff } from '../plan/diff.ts';
import { plan } from '../plan/plan.ts';
import { revert } from '../plan/revert.ts';
import { Simulation } from '../plan/simulate.ts';
import { execute } from './execute.ts';

/** What one pass did: the table it read, and the operations that were accepted. */
export interface Pass {
  readonly before: Table;
  readonly done: readonly Operation[];
}

export interface Rollback {
  /** What could not be brought back; empty when the earlier state was restored. */
  readonly differences: readonly Change[];
  readonly contested: readonly string[];
}

/** Undoes the passes, last first, as far as what they did is still so, and reads back. */
export async function rollback(ipvs: Ipvs, passes: readonly Pass[]): Promise<Rollback> {
  const { table: live } = await ipvs.read();
  const contested: string[] = [];
  let target = live;
  for (const { before, done } of [...passes].reverse()) {
    const simulation = new Simulation(before);
    for (const operation of done) simulation.apply(operation);
    const reverted = revert(before, simulation.table(), target);
    target = reverted.table;
    contested.push(...reverted.contested);
  }
  await execute(ipvs, plan(live, target), { onError: 'continue' });
  const { table: restored } = await ipvs.read();
  return { differences: diff(restored, target), contested };
}
