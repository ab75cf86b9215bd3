import type { Ipvs } from '../model/ipvs.ts';
import type { Operation } from '../model/operation.ts';
import type { Table } from '../model/table.ts';
import type { Change } from '../plan/change.ts';
import { diff } from '../plan/diff.ts';
import { plan } from '../plan/plan.ts';
import { type Revert, revert } from '../plan/revert.ts';
import { completeDaemons } from '../plan/scope.ts';
import { Simulation } from '../plan/simulate.ts';
import { execute } from './execute.ts';
import { subjectOf } from './subject.ts';

/** What one pass did: the table it read, and the operations that were accepted, as they were sent. */
export interface Pass {
  readonly before: Table;
  readonly done: readonly (readonly Operation[])[];
}

export interface Rollback {
  /** What could not be brought back; empty when the earlier state was restored. */
  readonly differences: readonly Change[];
  readonly contested: readonly string[];
}

/** Undoes the passes, last first, as far as what they did is still so, and reads back. */
export async function rollback(ipvs: Ipvs, passes: readonly Pass[]): Promise<Rollback> {
  const options = {
    sysctls: passes.some(({ done }) => done.flat().some(({ kind }) => kind === 'set-sysctl')),
  };
  const { table: live } = await ipvs.read(options);
  const { table: target, contested } = undo(passes, live);
  await execute(ipvs, plan(live, target), { onError: 'continue' });
  const { table: restored } = await ipvs.read(options);
  return { differences: diff(restored, target), contested };
}

/** What undoing the passes would make of the live table. Of their operations any beginning may have been done, or all. */
export function undo(passes: readonly Pass[], live: Table): Revert {
  const unexplained = new Set<string>();
  const contested = new Set<string>();
  let target = live;
  for (const { before, after, written, refused } of passes.flatMap(replay).reverse()) {
    const reverted = revert(complete(before, live), complete(after, live), target);
    target = reverted.table;
    // What is as it was before an earlier round needs no undoing, however little it looks like what a later round left.
    for (const name of written) contested.delete(name);
    for (const name of reverted.contested) contested.add(name);
    for (const name of refused) unexplained.add(name);
  }
  return { table: target, contested: [...new Set([...unexplained, ...contested])] };
}

function complete(table: Table, live: Table): Table {
  return { ...table, daemons: completeDaemons(table.daemons, live.daemons) };
}

/** What a pass wrote to each object once. */
interface Round {
  readonly before: Table;
  readonly after: Table;
  /** Names of the objects. */
  readonly written: readonly string[];
  /** Those where the kernel accepted what makes no sense in the table that was read: somebody else wrote to them before. */
  readonly refused: readonly string[];
}

function replay({ before: start, done }: Pass): Round[] {
  const simulation = new Simulation(start);
  let before = start;
  return rounds(done.flat()).map((round) => {
    const refused = namesOf(round.filter((operation) => simulation.apply(operation) !== null));
    const after = simulation.table();
    const replayed: Round = { before, after, written: namesOf(round), refused };
    before = after;
    return replayed;
  });
}

function namesOf(operations: readonly Operation[]): string[] {
  return operations.map((operation) => subjectOf(operation).name);
}

/**
 * Splits operations so that no round writes to an object twice. Whatever state lost replies left an object in is then one
 * from before or after a round, so that our own half-done work is not taken for somebody else's.
 */
function rounds(operations: readonly Operation[]): Operation[][] {
  const result: Operation[][] = [];
  const next = new Map<string, number>();
  for (const operation of operations) {
    const { name, service } = subjectOf(operation);
    const round = Math.max(next.get(name) ?? 0, (service && next.get(service)) ?? 0);
    next.set(name, round + 1);
    const list = result[round] ?? [];
    result[round] = list;
    list.push(operation);
  }
  return result;
}
