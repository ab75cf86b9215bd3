import fc from 'fast-check';
import { test } from 'vitest';
import type { Table } from '../../src/model/table.ts';
import { plan } from '../../src/plan/plan.ts';
import { operationsOf, type Planner, run } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs } from '../support/table-pairs.ts';

/**
 * Returns whether each service that `live` lacks schedules nothing, has no destination, or has all
 * of them.
 */
function fillsUnseen(live: Table, desired: Table): (table: Table) => boolean {
  const added = [...desired.services].filter(([key]) => !live.services.has(key));
  return (table) =>
    added.every(([key, wanted]) => {
      const entry = table.services.get(key);
      if (!entry || entry.service.scheduler === 'none' || entry.destinations.size === 0)
        return true;
      return entry.destinations.size === wanted.destinations.size;
    });
}

const fillsBeforeItSchedules = (planner: Planner) =>
  fc.property(tablePairs(), ({ live, desired }) =>
    run(live, operationsOf(planner(live, desired))).tables.every(fillsUnseen(live, desired)),
  );

/**
 * A plan that continues from a table in which an earlier plan was interrupted: some services
 * schedule nothing and have a part of their pool.
 */
const fillsAfterRestart = (planner: Planner) =>
  fc.property(tablePairs(), ({ live, desired }) => {
    const isUnseen = fillsUnseen(live, desired);
    return run(live, operationsOf(planner(live, desired))).tables.every((table) => {
      const half = [...table.services.values()].some(
        ({ service, destinations }) => service.scheduler !== 'none' && destinations.size === 0,
      );
      return half || run(table, operationsOf(planner(table, desired))).tables.every(isUnseen);
    });
  });

/** A planner that adds services with their scheduler from the start. */
const schedulesAtOnce: Planner = (live, desired) => {
  const planned = plan(live, desired);
  const waves = planned.waves.map((wave) => ({
    ...wave,
    steps: wave.steps.map((step) => {
      const { operation } = step;
      if (operation.kind !== 'add-service') return step;
      const service = desired.services.get(operation.service.key)?.service ?? operation.service;
      return { ...step, operation: { ...operation, service } };
    }),
  }));
  return { ...planned, waves };
};

test('a new service never schedules with a half-filled pool', async () => {
  await holds(fillsBeforeItSchedules(plan));
});

test('a service that schedules from the start is met with a half-filled pool', async () => {
  await isBrokenBy(fillsBeforeItSchedules(schedulesAtOnce));
});

test('a service whose pool was left half-filled does not schedule before it is full', async () => {
  await holds(fillsAfterRestart(plan), 100);
});
