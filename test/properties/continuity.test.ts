import fc from 'fast-check';
import { test } from 'vitest';
import { isServed, type Table } from '../../src/model/table.ts';
import { plan } from '../../src/plan/plan.ts';
import { operationsOf, type Planner, run, withOneRefused } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs } from '../support/table-pairs.ts';

/** Returns whether a table serves every service that both tables serve. */
function servedThroughout(live: Table, desired: Table): (table: Table) => boolean {
  const isServedIn = (table: Table, key: Parameters<Table['services']['get']>[0]): boolean => {
    const entry = table.services.get(key);
    return entry !== undefined && isServed(entry);
  };
  const keys = [...live.services.keys()].filter(
    (key) => isServedIn(live, key) && isServedIn(desired, key),
  );
  return (table) => keys.every((key) => isServedIn(table, key));
}

const continuous = (planner: Planner) =>
  fc.property(tablePairs(), ({ live, desired }) =>
    run(live, operationsOf(planner(live, desired))).tables.every(servedThroughout(live, desired)),
  );

const continuousWhenRefused = (planner: Planner) =>
  fc.property(tablePairs(), ({ live, desired }) => {
    const isServedThroughout = servedThroughout(live, desired);
    return withOneRefused(planner(live, desired).waves).every((operations) =>
      run(live, operations).tables.every(isServedThroughout),
    );
  });

const backwards: Planner = (live, desired) => {
  const planned = plan(live, desired);
  return { ...planned, waves: planned.waves.toReversed() };
};

const breaksBeforeItMakes: Planner = (live, desired) => {
  const planned = plan(live, desired);
  const rank = ({ purpose }: (typeof planned.waves)[number]): number =>
    purpose === 'break' ? 0 : 1;
  return { ...planned, waves: planned.waves.toSorted((a, b) => rank(a) - rank(b)) };
};

const inOneWave: Planner = (live, desired) => {
  const planned = plan(live, desired);
  return {
    ...planned,
    waves: [{ purpose: 'make', steps: planned.waves.flatMap(({ steps }) => steps) }],
  };
};

test('a service that is served before and after a plan is served all the time', async () => {
  await holds(continuous(plan));
});

test('a service keeps a usable destination when the kernel refuses any one operation', async () => {
  await holds(continuousWhenRefused(plan));
});

test('continuity is lost when the waves run in another order', async () => {
  await isBrokenBy(continuous(backwards));
  await isBrokenBy(continuous(breaksBeforeItMakes));
});

test('continuity is lost when the kernel refuses one operation of a single wave', async () => {
  await holds(continuous(inOneWave));
  await isBrokenBy(continuousWhenRefused(inOneWave));
});

/**
 * In every table on the way, a service whose scheduler is to be taken away still schedules, unless
 * everything that the plan adds is there.
 */
const stopsLast = (planner: Planner) =>
  fc.property(tablePairs(), ({ live, desired }) => {
    const { waves } = planner(live, desired);
    const made = waves.filter(
      ({ purpose }) => purpose === 'unblock' || purpose === 'probe' || purpose === 'make',
    );
    const kept = [...live.services].filter(
      ([key, { service }]) => desired.services.has(key) && service.scheduler !== 'none',
    );
    return run(live, operationsOf({ waves: made })).tables.every((table) =>
      kept.every(([key]) => table.services.get(key)?.service.scheduler !== 'none'),
    );
  });

test('a service whose scheduler is taken away schedules until the rest is made', async () => {
  await holds(stopsLast(plan));
  await isBrokenBy(stopsLast(inOneWave));
});
