import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plan } from '../../src/plan/plan.ts';
import { prepare } from '../../src/reconcile/prepare.ts';
import { executePlan, reconcile } from '../../src/reconcile/reconcile.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { isSameTable, operationsOf } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import {
  DAEMONS,
  EVERY_WAVE,
  EVERYTHING_ALLOWED,
  type Scenario,
  wants,
} from '../support/scenarios.ts';
import { tablePairs } from '../support/table-pairs.ts';
import { destinationOf, serviceOf, tableOf } from '../support/tables.ts';

const scenarios: [string, Scenario][] = [
  ['every wave', EVERY_WAVE],
  ['daemons', DAEMONS],
];

function indexes({ live, desired }: Scenario): number[] {
  return [...operationsOf(plan(live, desired)).keys()];
}

describe.each(scenarios)('%s', (_, scenario) => {
  const { live, desired } = scenario;

  test.each(['EINVAL', 'ENOMEM'] as const)(
    'rolls back to the earlier table whichever operation is refused with %s',
    async (errno) => {
      for (const refused of indexes(scenario)) {
        const ipvs = openMisbehavingTable(live, {
          refuse: (_, index) => (index === refused ? errno : undefined),
        });
        const report = await reconcile(ipvs, wants(desired), { allowances: EVERYTHING_ALLOWED });
        expect(report, `operation ${refused}`).toMatchObject({
          outcome: 'rolled-back',
          passes: 1,
          differences: [],
          contested: [],
        });
        expect(report.failures[0]?.error.errno).toBe(errno);
        expect(isSameTable(ipvs.table(), live), `operation ${refused}`).toBe(true);
      }
    },
  );

  test('rolls a prepared plan back wherever its answers are lost', async () => {
    for (const [wave, { steps }] of plan(live, desired).waves.entries()) {
      for (let kept = 0; kept <= steps.length; kept++) {
        const ipvs = openMisbehavingTable(live, {
          lose: (number) => (number === wave ? kept : undefined),
        });
        const prepared = await prepare(ipvs, wants(desired), { allowances: EVERYTHING_ALLOWED });
        const report = await executePlan(ipvs, prepared.plan, prepared.snapshot);
        expect(report, `wave ${wave}, ${kept} executed`).toMatchObject({
          outcome: 'rolled-back',
          error: { code: 'LOST' },
          contested: [],
        });
        expect(isSameTable(ipvs.table(), live), `wave ${wave}, ${kept} executed`).toBe(true);
      }
    }
  });
});

/**
 * Refuses one operation of a random plan. Holds when the table is as before afterwards.
 */
const comesBack = (onError: 'rollback' | 'stop') =>
  fc.asyncProperty(tablePairs(), fc.nat(40), async ({ live, desired }, refused) => {
    const ipvs = openMisbehavingTable(live, {
      refuse: (_, index) => (index === refused ? 'ENOMEM' : undefined),
    });
    const { outcome } = await reconcile(ipvs, wants(desired), {
      allowances: EVERYTHING_ALLOWED,
      onError,
    });
    return isSameTable(ipvs.table(), outcome === 'applied' ? desired : live);
  });

test('rolls any plan back completely when one of its operations is refused', async () => {
  await holds(comesBack('rollback'), 100);
});

test('would leave the table in between if a refused operation only stopped the run', async () => {
  await isBrokenBy(comesBack('stop'));
});

const LIVE = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } });
const DESIRED = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 2 } },
  'tcp://192.0.2.2:80': { destinations: { '10.0.0.1:80': 1 } },
});
const FIRST = serviceOf('tcp://192.0.2.1:80').identity;

/** Refuses the last operation of the plan from LIVE to DESIRED. */
const refuseLast = (_: unknown, index: number) => (index === 3 ? 'ENOMEM' : undefined);

test('leaves alone and reports what another program changed since', async () => {
  const foreign = destinationOf('10.0.0.2:80', { weight: 77 });
  const ipvs = openMisbehavingTable(LIVE, {
    refuse: refuseLast,
    beforeRead: (read) =>
      read === 1 ? [{ kind: 'edit-destination', service: FIRST, destination: foreign }] : [],
  });
  const report = await reconcile(ipvs, wants(DESIRED));
  expect(report).toMatchObject({
    outcome: 'partial',
    contested: ['tcp://192.0.2.1:80 10.0.0.2:80'],
    differences: [],
  });
  const expected = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 77 } },
  });
  expect(isSameTable(ipvs.table(), expected)).toBe(true);
});

test('keeps what another program added beside our own work', async () => {
  const foreign = destinationOf('10.0.0.9:80');
  const ipvs = openMisbehavingTable(LIVE, {
    refuse: refuseLast,
    beforeRead: (read) =>
      read === 1 ? [{ kind: 'add-destination', service: FIRST, destination: foreign }] : [],
  });
  const report = await reconcile(ipvs, wants(DESIRED));
  expect(report).toMatchObject({ outcome: 'rolled-back', contested: [] });
  const expected = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.9:80': 1 } },
  });
  expect(isSameTable(ipvs.table(), expected)).toBe(true);
});

test('reports a service that another program added before us', async () => {
  const theirs = { ...serviceOf('tcp://192.0.2.2:80', { scheduler: 'sh' }) };
  const ipvs = openMisbehavingTable(LIVE, {
    beforeWave: (wave) => (wave === 0 ? [{ kind: 'add-service', service: theirs }] : []),
  });
  const { plan, snapshot } = await prepare(ipvs, wants(DESIRED));
  const report = await executePlan(ipvs, plan, snapshot);
  expect(report.failures.map(({ operation, error }) => [operation.kind, error.errno])).toEqual([
    ['add-service', 'EEXIST'],
  ]);
  expect(ipvs.table().services.has(theirs.key)).toBe(true);
  expect(report).toMatchObject({
    outcome: 'partial',
    contested: ['tcp://192.0.2.2:80 10.0.0.1:80', 'tcp://192.0.2.2:80'],
  });
});

test('reports the differences that are left when the rollback is refused too', async () => {
  const ipvs = openMisbehavingTable(LIVE, {
    refuse: (operation, index) =>
      index === 3 ? 'ENOMEM' : operation.kind === 'delete-service' ? 'ENOMEM' : undefined,
  });
  const report = await reconcile(ipvs, wants(DESIRED));
  expect(report).toMatchObject({ outcome: 'partial', contested: [] });
  expect(report.differences).toMatchObject([
    { object: 'service', service: 'tcp://192.0.2.2:80', after: undefined },
  ]);
  expect(ipvs.table().services.get(serviceOf('tcp://192.0.2.1:80').key)?.destinations.size).toBe(1);
});

test('keeps a service usable when its old destination cannot be added again', async () => {
  const live = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } },
    'udp://192.0.2.3:53': {},
  });
  const desired = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.2:80': 1 } } });
  const ipvs = openMisbehavingTable(live, {
    refuse: ({ kind }, index) =>
      kind === 'delete-service' || (kind === 'add-destination' && index > 0) ? 'ENOMEM' : undefined,
  });
  const report = await reconcile(ipvs, wants(desired));
  expect(report.outcome).toBe('partial');
  expect([...(ipvs.table().services.values().next().value?.destinations.keys() ?? [])]).toEqual([
    '10.0.0.2:80',
  ]);
});
