import type { Ipvs } from '../model/ipvs.ts';
import type { Operation } from '../model/operation.ts';
import type { Table } from '../model/table.ts';
import type { Change } from '../plan/change.ts';
import { diff } from '../plan/diff.ts';
import { plan } from '../plan/plan.ts';
import { type RolledBack, rollBackChanges } from '../plan/roll-back/roll-back.ts';
import { completeDaemons } from '../plan/scope.ts';
import { Simulation } from '../plan/simulate.ts';
import { execute } from './execute.ts';
import { objectOf } from './operation-object.ts';

/**
 * One pass: the table that it read, and the operations that the kernel accepted, in the order of
 * sending.
 */
export interface Pass {
  readonly before: Table;
  readonly done: readonly (readonly Operation[])[];
}

interface Rollback {
  /** The differences that are left. Empty when the rollback was complete. */
  readonly differences: readonly Change[];
  /** Objects that another program changed since. They were left alone. */
  readonly contested: readonly string[];
}

/**
 * Rolls the passes back, the last one first, as far as the table is still as they left it. Then
 * verifies.
 */
export async function rollBack(ipvs: Ipvs, passes: readonly Pass[]): Promise<Rollback> {
  const options = {
    sysctls: passes.some(({ done }) => done.flat().some(({ kind }) => kind === 'set-sysctl')),
  };
  const { table: live } = await ipvs.read(options);
  const { table: target, contested } = rolledBackTable(passes, live);
  await execute(ipvs, plan(live, target), { onError: 'continue' });
  const { table: result } = await ipvs.read(options);
  return { differences: diff(result, target), contested };
}

/**
 * Returns the live table with the passes rolled back. The kernel may have done all of their
 * operations, or only the first ones.
 */
export function rolledBackTable(passes: readonly Pass[], live: Table): RolledBack {
  const unexplained = new Set<string>();
  const contested = new Set<string>();
  let target = live;
  for (const { before, after, written, refused } of passes.flatMap(replay).reverse()) {
    const rolledBack = rollBackChanges(complete(before, live), complete(after, live), target);
    target = rolledBack.table;
    // An object that an earlier round can roll back is not contested, although a later round found
    // it changed.
    for (const name of written) contested.delete(name);
    for (const name of rolledBack.contested) contested.add(name);
    for (const name of refused) unexplained.add(name);
  }
  return { table: target, contested: [...new Set([...unexplained, ...contested])] };
}

function complete(table: Table, live: Table): Table {
  return { ...table, daemons: completeDaemons(table.daemons, live.daemons) };
}

/**
 * Operations of a pass that write to each object at most once, with the tables before and after.
 */
interface Round {
  readonly before: Table;
  readonly after: Table;
  /** The names of the objects that were written to. */
  readonly written: readonly string[];
  /**
   * Objects where the kernel accepted an operation that the table that was read would refuse:
   * another program wrote to them before.
   */
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
  return operations.map((operation) => objectOf(operation).name);
}

/**
 * Splits operations so that no round writes to an object twice. After lost replies, each object is
 * then as before or as after some round, so that our own half-done work is not taken for the work
 * of another program.
 */
function rounds(operations: readonly Operation[]): Operation[][] {
  const result: Operation[][] = [];
  const next = new Map<string, number>();
  for (const operation of operations) {
    const { name, service } = objectOf(operation);
    const round = Math.max(next.get(name) ?? 0, (service && next.get(service)) ?? 0);
    next.set(name, round + 1);
    const list = result[round] ?? [];
    result[round] = list;
    list.push(operation);
  }
  return result;
}
