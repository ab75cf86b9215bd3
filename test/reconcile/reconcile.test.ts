import { expect, test, vi } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import type { Operation } from '../../src/model/operation.ts';
import { plan } from '../../src/plan/plan.ts';
import { prepare } from '../../src/reconcile/prepare.ts';
import { executePlan, reconcile } from '../../src/reconcile/reconcile.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { isSameTable, operationsOf } from '../support/plan-runs.ts';
import { DAEMONS, EVERY_WAVE, EVERYTHING_ALLOWED, wants } from '../support/scenarios.ts';
import { desiredOf, destinationOf, serviceOf, tableOf } from '../support/tables.ts';

const FIRST = serviceOf('tcp://192.0.2.1:80').identity;
const LIVE = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } });
const DESIRED = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 2, '10.0.0.3:80': 3 } },
});

const addForeign = (text: string, weight = 1): Operation => ({
  kind: 'add-destination',
  service: FIRST,
  destination: destinationOf(text, { weight }),
});

test.each([
  ['every wave', EVERY_WAVE],
  ['daemons', DAEMONS],
])('applies a plan with %s, and verifies it', async (_, { live, desired }) => {
  const ipvs = openMisbehavingTable(live);
  const report = await reconcile(ipvs, wants(desired), { allowances: EVERYTHING_ALLOWED });
  const operations = operationsOf(plan(live, desired));
  expect(report).toMatchObject({
    outcome: 'applied',
    passes: 1,
    done: operations.length,
    failures: [],
    differences: [],
    error: undefined,
  });
  expect(ipvs.waves.flat()).toEqual(operations);
  expect((await reconcile(ipvs, wants(desired))).outcome).toBe('in-sync');
});

test('reads a table that is as desired once, and does not write', async () => {
  const ipvs = openMisbehavingTable(LIVE);
  expect(await reconcile(ipvs, wants(LIVE))).toMatchObject({
    outcome: 'in-sync',
    passes: 1,
    done: 0,
  });
  expect(ipvs.reads).toHaveLength(1);
  expect(ipvs.waves).toEqual([]);
});

test('neither confirms nor executes a plan that a guard refuses', async () => {
  const confirm = vi.fn(async () => true);
  const ipvs = openMisbehavingTable(LIVE);
  const report = await reconcile(ipvs, desiredOf(new Map()), { confirm });
  expect(report).toMatchObject({ outcome: 'refused', done: 0, refusals: [{ guard: 'empty' }] });
  expect(confirm).not.toHaveBeenCalled();
  expect(ipvs.waves).toEqual([]);
});

test('does not execute a declined plan', async () => {
  const ipvs = openMisbehavingTable(LIVE);
  const report = await reconcile(ipvs, wants(DESIRED), {
    confirm: async ({ plan: { changes } }) => changes.length === 0,
  });
  expect(report).toMatchObject({ outcome: 'declined', done: 0 });
  expect(ipvs.waves).toEqual([]);
});

test('asks for confirmation once, also when there is a second pass', async () => {
  const confirm = vi.fn(async () => true);
  const ipvs = openMisbehavingTable(LIVE, {
    beforeWave: (wave) => (wave === 0 ? [addForeign('10.0.0.2:80', 9)] : []),
  });
  expect(await reconcile(ipvs, wants(DESIRED), { confirm })).toMatchObject({
    outcome: 'applied',
    passes: 2,
  });
  expect(confirm).toHaveBeenCalledTimes(1);
});

const another = destinationOf('10.0.0.1:80', { weight: 9 });
const shrunk = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.2:80': 1 } } });
const reweighted = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 4 } } });
test.each([
  ['EEXIST', DESIRED, [addForeign('10.0.0.2:80')]],
  ['ENOENT', shrunk, [{ kind: 'delete-destination', service: FIRST, destination: another }]],
  ['ENOENT', reweighted, [{ kind: 'delete-destination', service: FIRST, destination: another }]],
  ['ESRCH', DESIRED, [{ kind: 'delete-service', service: FIRST }]],
] as const)(
  'runs another pass when the kernel refuses with %s because another program wrote',
  async (errno, desired, foreign) => {
    const ipvs = openMisbehavingTable(LIVE, { beforeWave: (wave) => (wave === 0 ? foreign : []) });
    const report = await reconcile(ipvs, wants(desired));
    expect(report).toMatchObject({ outcome: 'applied', passes: 2, failures: [], differences: [] });
    expect(isSameTable(ipvs.table(), desired)).toBe(true);

    const unlucky = openMisbehavingTable(LIVE, {
      beforeWave: (wave) => (wave === 0 ? foreign : []),
    });
    const { plan, snapshot } = await prepare(unlucky, wants(desired));
    const prepared = await executePlan(unlucky, plan, snapshot, { onError: 'stop' });
    expect(prepared).toMatchObject({ outcome: 'partial', passes: 1 });
    expect(new Set(prepared.failures.map(({ error }) => error.errno))).toEqual(new Set([errno]));
  },
);

test('does not mistake an unknown scheduler for a changed table', async () => {
  const desired = tableOf({
    'tcp://192.0.2.1:80': { scheduler: 'typo', destinations: { '10.0.0.1:80': 1 } },
  });
  const ipvs = openMisbehavingTable(LIVE, {
    refuse: ({ kind }) => (kind === 'edit-service' ? 'ENOENT' : undefined),
  });
  expect(await reconcile(ipvs, wants(desired))).toMatchObject({
    outcome: 'rolled-back',
    passes: 1,
    failures: [{ error: { errno: 'ENOENT' } }],
  });
});

test('gives up after three passes against another writer', async () => {
  const desired = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 2 } },
  });
  const flip: Operation = {
    kind: 'delete-destination',
    service: FIRST,
    destination: destinationOf('10.0.0.2:80'),
  };
  const ipvs = openMisbehavingTable(LIVE, {
    beforeWave: (wave, table) => {
      const exists = table.services
        .get(serviceOf('tcp://192.0.2.1:80').key)
        ?.destinations.has(destinationOf('10.0.0.2:80').key);
      return wave > 2 ? [] : [exists ? flip : addForeign('10.0.0.2:80', 9)];
    },
  });
  const report = await reconcile(ipvs, wants(desired));
  expect(report.passes).toBe(3);
  expect(report.outcome).not.toBe('applied');
  expect(report.failures).not.toEqual([]);
});

test('rolls the first pass back when a guard refuses the second', async () => {
  const live = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } },
    'tcp://192.0.2.2:80': {},
  });
  const desired = tableOf({
    'tcp://192.0.2.1:80': {
      destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1, '10.0.0.3:80': 1 },
    },
  });
  const intruders = ['tcp://192.0.2.7:80', 'tcp://192.0.2.8:80'].map((text) => serviceOf(text));
  const ipvs = openMisbehavingTable(live, {
    beforeWave: (wave) =>
      wave === 0
        ? [
            addForeign('10.0.0.2:80', 9),
            ...intruders.map((service) => ({ kind: 'add-service' as const, service })),
          ]
        : [],
  });
  const report = await reconcile(ipvs, wants(desired, { limits: {} }));
  expect(report).toMatchObject({
    outcome: 'rolled-back',
    passes: 1,
    refusals: [{ guard: 'max_service_deletes' }],
  });
  const found = ipvs.table().services;
  expect([...found.keys()]).toEqual([
    'tcp://192.0.2.1:80',
    'tcp://192.0.2.2:80',
    'tcp://192.0.2.7:80',
    'tcp://192.0.2.8:80',
  ]);
  expect([...(found.get(serviceOf('tcp://192.0.2.1:80').key)?.destinations.keys() ?? [])]).toEqual([
    '10.0.0.1:80',
    '10.0.0.2:80',
  ]);
});

test('rolls back when the table does not settle for a second pass', async () => {
  const live = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.4:80': 1 } },
  });
  let port = 1000;
  const ipvs = openMisbehavingTable(live, {
    beforeWave: (wave) => (wave === 0 ? [addForeign('10.0.0.2:80', 9)] : []),
    beforeRead: (read) => (read >= 2 && read < 8 ? [addForeign(`10.9.0.1:${port++}`)] : []),
  });
  const report = await reconcile(ipvs, wants(DESIRED));
  expect(report).toMatchObject({ outcome: 'rolled-back', error: { code: 'UNSTABLE' } });
  const names = [
    ...(ipvs.table().services.get(serviceOf('tcp://192.0.2.1:80').key)?.destinations.keys() ?? []),
  ];
  expect(names).toContain('10.0.0.4:80');
  expect(names).not.toContain('10.0.0.3:80');
});

test('reports a difference after the last operation, and does not correct it', async () => {
  const ipvs = openMisbehavingTable(LIVE, {
    beforeRead: (read) => (read === 1 ? [addForeign('10.0.0.9:80')] : []),
  });
  const report = await reconcile(ipvs, wants(DESIRED));
  expect(report).toMatchObject({
    outcome: 'unverified',
    done: 2,
    differences: [{ destination: '10.0.0.9:80', after: undefined }],
  });
  expect(ipvs.waves).toHaveLength(1);
});

test('with stop, leaves the table and reports the differences that are left', async () => {
  const ipvs = openMisbehavingTable(EVERY_WAVE.live, {
    refuse: ({ kind }) => (kind === 'delete-service' ? 'ENOMEM' : undefined),
  });
  const report = await reconcile(ipvs, wants(EVERY_WAVE.desired), {
    onError: 'stop',
    allowances: EVERYTHING_ALLOWED,
  });
  expect(report).toMatchObject({
    outcome: 'partial',
    failures: [{ operation: { kind: 'delete-service' } }],
  });
  expect(report.differences.map(({ object }) => object)).toEqual(['service']);
});

test('with continue, leaves only the failed operations out', async () => {
  const ipvs = openMisbehavingTable(EVERY_WAVE.live, {
    refuse: ({ kind }) => (kind === 'delete-service' ? 'ENOMEM' : undefined),
  });
  const report = await reconcile(ipvs, wants(EVERY_WAVE.desired), {
    onError: 'continue',
    allowances: EVERYTHING_ALLOWED,
  });
  expect(report.outcome).toBe('partial');
  expect(report.differences).toMatchObject([
    { object: 'service', service: 'udp://192.0.2.3:53', after: undefined },
  ]);
});

test('rolls back when a signal comes between two waves, and reports why', async () => {
  const controller = new AbortController();
  const ipvs = openMisbehavingTable(EVERY_WAVE.live, {
    beforeWave: (wave) => {
      if (wave === 2) controller.abort();
      return [];
    },
  });
  const report = await reconcile(ipvs, wants(EVERY_WAVE.desired), {
    signal: controller.signal,
    allowances: EVERYTHING_ALLOWED,
  });
  expect(report).toMatchObject({ outcome: 'rolled-back', passes: 1, error: { code: 'ABORTED' } });
  expect(isSameTable(ipvs.table(), EVERY_WAVE.live)).toBe(true);
});

test('with stop, leaves the table as it is when a signal comes', async () => {
  const ipvs = openMisbehavingTable(EVERY_WAVE.live);
  const options = {
    signal: AbortSignal.abort(),
    onError: 'stop',
    allowances: EVERYTHING_ALLOWED,
  } as const;
  const report = await reconcile(ipvs, wants(EVERY_WAVE.desired), options);
  expect(report).toMatchObject({ outcome: 'partial', done: 0, error: { code: 'ABORTED' } });
  expect(report.differences).toEqual(report.plan.changes);
  expect(ipvs.waves).toEqual([]);
});

test('throws what the first read throws, and writes nothing', async () => {
  const error = new IpvstateError('PERMISSION', 'no');
  const ipvs = openMisbehavingTable(LIVE, { failRead: () => error });
  await expect(reconcile(ipvs, wants(DESIRED))).rejects.toBe(error);
  expect(ipvs.waves).toEqual([]);
});

test('reports what a later read throws, because the table was written to by then', async () => {
  const error = new IpvstateError('UNAVAILABLE', 'the module went away');
  const ipvs = openMisbehavingTable(LIVE, { failRead: (read) => (read > 0 ? error : undefined) });
  expect(await reconcile(ipvs, wants(DESIRED))).toMatchObject({
    outcome: 'partial',
    done: 2,
    error,
  });
});

test('throws a bug of the table on', async () => {
  const ipvs = {
    ...openMisbehavingTable(LIVE),
    execute: () => Promise.reject(new TypeError('a bug')),
  };
  await expect(reconcile(ipvs, wants(DESIRED))).rejects.toThrow(TypeError);
});
