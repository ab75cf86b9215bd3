import fc from 'fast-check';
import { test } from 'vitest';
import type { ServiceKey } from '../../src/model/service.ts';
import type { ServiceEntry, Table } from '../../src/model/table.ts';
import { diff } from '../../src/plan/diff.ts';
import { type Plan, plan } from '../../src/plan/plan.ts';
import { isSameTable, operationsOf, type Planner, run } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs, tables } from '../support/table-pairs.ts';

const reaches = (planner: Planner) =>
  fc.property(tablePairs(), ({ live, desired }) => {
    const { last, refusals } = run(live, operationsOf(planner(live, desired)));
    return refusals.length === 0 && isSameTable(last, desired);
  });

const restarts = (planner: Planner) =>
  fc.property(tablePairs(), ({ live, desired }) =>
    run(live, operationsOf(planner(live, desired))).tables.every((table) => {
      const { last, refusals } = run(table, operationsOf(planner(table, desired)));
      return refusals.length === 0 && isSameTable(last, desired);
    }),
  );

/** Each operation serves the change that it names, and each change is served. */
const attributes = (planner: Planner) =>
  fc.property(tablePairs(), ({ live, desired }) => {
    const { changes, waves } = planner(live, desired);
    const served = new Set(waves.flatMap(({ steps }) => steps.map(({ change }) => change)));
    return served.size === changes.length && [...served].every((change) => change in changes);
  });

const TIMEOUTS = ['tcp', 'tcpFin', 'udp'] as const;

/** The objects of a table that a plan does not name. */
function untouched(table: Table, { changes }: Plan): unknown {
  const named = new Set(
    changes.flatMap((change): string | string[] => {
      if (change.object === 'timeouts')
        return TIMEOUTS.filter((field) => change.before[field] !== change.after[field]);
      if (change.object === 'destination') return `${change.service} ${change.destination}`;
      if (change.object === 'daemon') return `daemon ${change.role}`;
      if (change.object === 'sysctl') return `sysctl ${change.name}`;
      return change.after ? change.service : `${change.service} whole`;
    }),
  );
  const services = [...table.services].filter(([key]) => !named.has(`${key} whole`));
  return new Map<string, unknown>([
    ...services
      .filter(([key]) => !named.has(key))
      .map(([key, { service }]) => [key, service] as const),
    ...services.flatMap(([key, { destinations }]) =>
      [...destinations]
        .filter(([name]) => !named.has(`${key} ${name}`))
        .map(([name, found]) => [`${key} ${name}`, found] as const),
    ),
    ...table.daemons
      .filter(({ role }) => !named.has(`daemon ${role}`))
      .map((daemon) => [`daemon ${daemon.role}`, daemon] as const),
    ...[...(table.sysctls ?? [])]
      .map(([name, value]) => [`sysctl ${name}`, value] as const)
      .filter(([name]) => !named.has(name)),
    ...TIMEOUTS.filter((field) => !named.has(field)).map(
      (field) => [field, table.timeouts[field]] as const,
    ),
  ]);
}

function isIdentical(a: unknown, b: unknown): boolean {
  if (!(a instanceof Map && b instanceof Map) || a.size !== b.size) return false;
  return [...a].every(([key, value]) => b.get(key) === value);
}

/** A plan that was made for one table and runs on another. It goes on after each refusal. */
const sparesTheRest = (planner: Planner) =>
  fc.property(tablePairs(), tables, ({ live, desired }, found) => {
    const planned = planner(live, desired);
    const { tables: steps } = run(found, operationsOf(planned));
    const before = untouched(found, planned);
    return steps.every((table) => isIdentical(untouched(table, planned), before));
  });

function withoutOneStep(planned: Plan): Plan {
  const [first, ...rest] = planned.waves;
  return first
    ? { ...planned, waves: [{ ...first, steps: first.steps.slice(1) }, ...rest] }
    : planned;
}

const forgetful: Planner = (live, desired) => withoutOneStep(plan(live, desired));

const backwards: Planner = (live, desired) => {
  const planned = plan(live, desired);
  return { ...planned, waves: planned.waves.toReversed() };
};

/** A planner that replaces services instead of editing them. */
const recreating: Planner = (live, desired) => {
  const isKept = (entry: ServiceEntry, key: ServiceKey): boolean =>
    desired.services.get(key) === entry;
  const emptied: Table = {
    ...live,
    services: new Map([...live.services].filter(([key, entry]) => isKept(entry, key))),
  };
  const [first, second] = [plan(live, emptied), plan(emptied, desired)];
  return {
    ...first,
    desired,
    changes: diff(live, desired),
    waves: [...first.waves, ...second.waves],
  };
};

test('a plan turns the live table into the desired one without a refusal', async () => {
  await holds(reaches(plan));
});

test('a plan with a missing operation, or with its waves reversed, is found out', async () => {
  await isBrokenBy(reaches(forgetful));
  await isBrokenBy(reaches(backwards));
});

test('a new plan reaches the desired table from wherever an earlier plan stopped', async () => {
  await holds(restarts(plan), 100);
});

test('a planner that skips an operation does not get there by planning again', async () => {
  await isBrokenBy(restarts(forgetful));
});

test('every operation serves a change and every change is served', async () => {
  await holds(attributes(plan));
  await isBrokenBy(attributes(forgetful));
});

test('a plan that meets another table changes no object that it does not name', async () => {
  await holds(sparesTheRest(plan));
});

test('a plan that also sets the unchanged timeouts overwrites those of others', async () => {
  const resetting: Planner = (live, desired) => {
    const planned = plan(live, desired);
    const waves = planned.waves.map((wave) => ({
      ...wave,
      steps: wave.steps.map((step) =>
        step.operation.kind === 'set-timeouts'
          ? { ...step, operation: { ...step.operation, timeouts: desired.timeouts } }
          : step,
      ),
    }));
    return { ...planned, waves };
  };
  await holds(reaches(resetting));
  await isBrokenBy(sparesTheRest(resetting));
});

test('a plan that deletes and adds services again loses the changes of others', async () => {
  await holds(reaches(recreating));
  await isBrokenBy(sparesTheRest(recreating));
});
