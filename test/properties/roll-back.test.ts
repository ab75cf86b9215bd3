import fc from 'fast-check';
import { test } from 'vitest';
import type { Table } from '../../src/model/table.ts';
import { type RolledBack, rollBackChanges } from '../../src/plan/roll-back/roll-back.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs, tables } from '../support/table-pairs.ts';

type Roller = (before: Table, after: Table, live: Table) => RolledBack;

const restores = (roller: Roller) =>
  fc.property(tablePairs(), ({ live: before, desired: after }) => {
    const { table, contested } = roller(before, after, after);
    return isSameTable(table, before) && contested.length === 0;
  });

const ignoresWhatNeverHappened = (roller: Roller) =>
  fc.property(tablePairs(), ({ live: before, desired: after }) => {
    const { table, contested } = roller(before, after, before);
    return isSameTable(table, before) && contested.length === 0;
  });

const changesNothingOfOthers = (roller: Roller) =>
  fc.property(tables, tables, (before, live) => {
    const { table, contested } = roller(before, before, live);
    return isSameTable(table, live) && contested.length === 0;
  });

/** The objects of a table, printed, by the names under which they are contested. */
function objectsOf(table: Table): Map<string, string> {
  const objects: [string, unknown][] = [];
  for (const [key, { service, destinations }] of table.services) {
    objects.push([key, service]);
    for (const [name, destination] of destinations) objects.push([`${key} ${name}`, destination]);
  }
  for (const daemon of table.daemons) objects.push([`${daemon.role} sync daemon`, daemon]);
  return new Map(objects.map(([name, object]) => [name, JSON.stringify(object)]));
}

/**
 * The three tables without the services that one of them lacks: where a service is added or
 * deleted, its destinations depend on it.
 */
function withCommonServices(all: readonly [Table, Table, Table]): [Table, Table, Table] {
  const strip = (table: Table): Table => ({
    ...table,
    services: new Map(
      [...table.services].filter(([key]) => all.every(({ services }) => services.has(key))),
    ),
  });
  return [strip(all[0]), strip(all[1]), strip(all[2])];
}

/**
 * Object by object: one that is as we left it is rolled back, one that we did not change stays, and
 * any other stays and is contested.
 */
const isThreeWay = (roller: Roller) =>
  fc.property(tablePairs(), tables, fc.boolean(), (pair, other, isRelated) => {
    const third = isRelated
      ? {
          ...pair.desired,
          services: new Map([...other.services, ...pair.desired.services]),
          daemons: other.daemons,
        }
      : other;
    const [before, after, live] = withCommonServices([pair.live, pair.desired, third]);
    const { table, contested } = roller(before, after, live);
    const [was, ours, found, result] = [before, after, live, table].map(objectsOf) as [
      Objects,
      Objects,
      Objects,
      Objects,
    ];
    const names = new Set([...was.keys(), ...ours.keys(), ...found.keys(), ...result.keys()]);
    const clashes = [...names].filter((name) => {
      const [a, b, c] = [was.get(name), ours.get(name), found.get(name)];
      return a !== b && a !== c && b !== c;
    });
    return (
      [...names].every((name) => {
        const isOurs = was.get(name) !== ours.get(name) && ours.get(name) === found.get(name);
        return result.get(name) === (isOurs ? was : found).get(name);
      }) &&
      JSON.stringify(contested.filter((name) => name !== 'timeouts').sort()) ===
        JSON.stringify(clashes.sort()) &&
      contested.length === new Set(contested).size
    );
  });

type Objects = Map<string, string>;

/** Returns to the table from before, whatever other programs wrote since. */
const blunt: Roller = (before) => ({ table: before, contested: [] });
/** Never rolls back. */
const inert: Roller = (_, __, live) => ({ table: live, contested: [] });
/** Rolls back correctly, and reports nothing as contested. */
const silent: Roller = (before, after, live) => ({
  ...rollBackChanges(before, after, live),
  contested: [],
});
/** Rolls back correctly, and reports everything as contested. */
const querulous: Roller = (before, after, live) => ({
  table: rollBackChanges(before, after, live).table,
  contested: [...objectsOf(live).keys()],
});

test('changes that no other program touched since are rolled back completely', async () => {
  await holds(restores(rollBackChanges));
  await isBrokenBy(restores(inert));
  await isBrokenBy(restores(querulous));
});

test('changes that never happened, or were rolled back already, are not contested', async () => {
  await holds(ignoresWhatNeverHappened(rollBackChanges));
  await isBrokenBy(ignoresWhatNeverHappened((_, after) => ({ table: after, contested: [] })));
});

test('a rollback of no changes changes nothing', async () => {
  await holds(changesNothingOfOthers(rollBackChanges));
  await isBrokenBy(changesNothingOfOthers(blunt));
});

test('only objects that are as we left them are rolled back, and the others are contested', async () => {
  await holds(isThreeWay(rollBackChanges));
  for (const broken of [blunt, inert, silent, querulous]) await isBrokenBy(isThreeWay(broken));
});
