import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ErrnoName, KernelError } from '../../src/errors.ts';
import type { Operation } from '../../src/model/operation.ts';
import { isServed } from '../../src/model/table.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { type Plan, plan } from '../../src/plan/plan.ts';
import { execute, isStale } from '../../src/reconcile/execute.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { operationsOf, run } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { EVERY_WAVE } from '../support/scenarios.ts';
import { tablePairs } from '../support/table-pairs.ts';
import { destinationOf, serviceOf, tableOf } from '../support/tables.ts';

const PLAN = plan(EVERY_WAVE.live, EVERY_WAVE.desired);

test('sends the waves one after another, each whole', async () => {
  const ipvs = openMisbehavingTable(EVERY_WAVE.live);
  const execution = await execute(ipvs, PLAN);
  expect(ipvs.waves).toEqual(
    PLAN.waves.map(({ steps }) => steps.map(({ operation }) => operation)),
  );
  expect(execution).toEqual({
    done: PLAN.waves.map(({ steps }) => steps.map(({ operation }) => operation)),
    failures: [],
    lost: undefined,
    aborted: false,
  });
});

test('sends no later wave after a wave with a refused operation', async () => {
  const ipvs = openMisbehavingTable(EVERY_WAVE.live, {
    refuse: ({ kind }) => (kind === 'add-destination' ? 'ENOMEM' : undefined),
  });
  const { done, failures } = await execute(ipvs, PLAN);
  expect(PLAN.waves.map(({ purpose }) => purpose)).toEqual([
    'unblock',
    'probe',
    'settle',
    'make',
    'break',
    'remove',
  ]);
  expect(ipvs.waves).toHaveLength(4);
  expect(
    failures.every(
      ({ operation, error }) => operation.kind === 'add-destination' && error.errno === 'ENOMEM',
    ),
  ).toBe(true);
  expect(done.flat().map(({ kind }) => kind)).toContain('edit-destination');
  expect(done.flat().length + failures.length).toBe(ipvs.waves.flat().length);
});

test('with continue, leaves services that had a failure out of later waves', async () => {
  const refused = destinationOf('10.0.0.4:80').key;
  const ipvs = openMisbehavingTable(EVERY_WAVE.live, {
    refuse: (operation) =>
      operation.kind === 'add-destination' && operation.destination.key === refused
        ? 'ENOMEM'
        : undefined,
  });
  const progress: number[] = [];
  const { done, failures } = await execute(ipvs, PLAN, {
    onError: 'continue',
    onProgress: (answered) => progress.push(answered),
  });
  expect(failures).toHaveLength(1);
  expect(ipvs.waves).toHaveLength(PLAN.waves.length);
  const broken = ipvs.waves[4]?.map((operation) => 'destination' in operation && operation.service);
  expect(broken).toEqual([serviceOf('tcp://192.0.2.2:80').identity]);
  expect(done.flat().map(({ kind }) => kind)).toContain('delete-service');
  expect(progress.at(-1)).toBe(operationsOf(PLAN).length);
});

/**
 * Refuses one operation and goes on. Holds when every service that is served before and after is
 * served all the time.
 */
const servesOn = (executeAll: (live: Plan, refused: number) => Promise<readonly Operation[]>) =>
  fc.asyncProperty(tablePairs(), fc.nat(30), async ({ live, desired }, refused) => {
    const planned = plan(live, desired);
    const isServedIn = (table: typeof live, key: string): boolean =>
      [...table.services.values()].some((entry) => entry.service.key === key && isServed(entry));
    const kept = [...live.services.keys()].filter(
      (key) => isServedIn(live, key) && isServedIn(desired, key),
    );
    const { tables } = run(live, await executeAll(planned, refused));
    return tables.every((table) => kept.every((key) => isServedIn(table, key)));
  });

const refuseAt = (planned: Plan, refused: number) =>
  openMisbehavingTable(planned.live, {
    refuse: (_, index) => (index === refused ? 'ENOMEM' : undefined),
  });

test('with continue, no service loses its last usable destination', async () => {
  await holds(
    servesOn(async (planned, refused) =>
      (await execute(refuseAt(planned, refused), planned, { onError: 'continue' })).done.flat(),
    ),
    100,
  );
});

test('services would lose their last usable destination if every operation went on', async () => {
  await isBrokenBy(
    servesOn(async (planned, refused) =>
      operationsOf(planned).filter((_, index) => index !== refused),
    ),
  );
});

test('sends a large wave in parts, and reports progress after each', async () => {
  const pool = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [`10.1.${index >> 8}.${index & 255}:80`, 1]),
  );
  const planned = plan(
    tableOf({}),
    tableOf({ 'tcp://192.0.2.1:80': { scheduler: 'none', destinations: pool } }),
  );
  const progress: [number, number][] = [];
  await execute(openEmbeddedTable(planned.live), planned, {
    onProgress: (answered, total) => progress.push([answered, total]),
  });
  expect(progress).toEqual([
    [1980, 5001],
    [3960, 5001],
    [5001, 5001],
  ]);
});

test('counts a part as done and sends nothing more when its answers are lost', async () => {
  const ipvs = openMisbehavingTable(EVERY_WAVE.live, {
    lose: (wave) => (wave === 2 ? 0 : undefined),
  });
  const execution = await execute(ipvs, PLAN);
  expect(execution).toMatchObject({ lost: { code: 'LOST' }, failures: [], aborted: false });
  expect(execution.done.flat()).toEqual(
    PLAN.waves.slice(0, 3).flatMap(({ steps }) => steps.map(({ operation }) => operation)),
  );
  expect(ipvs.waves).toHaveLength(3);
});

test('stops for a signal inside a long wave, between two services', async () => {
  const pool = Object.fromEntries(
    Array.from({ length: 800 }, (_, index) => [`10.0.${index >> 8}.${index & 255}:80`, 1]),
  );
  const services = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => [
    `tcp://${address}:80`,
    { scheduler: 'none', destinations: pool },
  ]);
  const planned = plan(tableOf({}), tableOf(Object.fromEntries(services)));
  const controller = new AbortController();
  const ipvs = openMisbehavingTable(planned.live);
  const execution = await execute(ipvs, planned, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  expect(planned.waves.map(({ steps }) => steps.length)).toEqual([2403]);
  expect(execution).toMatchObject({ aborted: true, failures: [], lost: undefined });
  const live = ipvs.table().services;
  expect([...live.values()].map(({ destinations }) => destinations.size)).toEqual([800, 800]);
});

test('does not stop for a signal inside a service, however many destinations it has', async () => {
  const pool = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [`10.0.${index >> 8}.${index & 255}:80`, 1]),
  );
  const planned = plan(
    tableOf({}),
    tableOf({ 'tcp://192.0.2.1:80': { scheduler: 'none', destinations: pool } }),
  );
  const controller = new AbortController();
  const ipvs = openMisbehavingTable(planned.live);
  const execution = await execute(ipvs, planned, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  expect(execution).toMatchObject({ aborted: false });
  expect(execution.done.flat()).toHaveLength(5001);
});

test('stops for a signal before the next wave', async () => {
  const controller = new AbortController();
  const ipvs = openMisbehavingTable(EVERY_WAVE.live);
  const execution = await execute(ipvs, PLAN, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  expect(execution).toMatchObject({ aborted: true, failures: [], lost: undefined });
  expect(ipvs.waves).toHaveLength(1);
});

const service = serviceOf('tcp://192.0.2.1:80');
const destination = destinationOf('10.0.0.1:80');
const operations = {
  'add-service': { kind: 'add-service', service },
  'edit-service': { kind: 'edit-service', service },
  'delete-service': { kind: 'delete-service', service: service.identity },
  'add-destination': { kind: 'add-destination', service: service.identity, destination },
  'edit-destination': { kind: 'edit-destination', service: service.identity, destination },
  'delete-destination': { kind: 'delete-destination', service: service.identity, destination },
  'stop-daemon': { kind: 'stop-daemon', role: 'master' },
} as const satisfies Record<string, Operation>;

test.each<[keyof typeof operations, ErrnoName, boolean]>([
  ['add-service', 'EEXIST', true],
  ['add-service', 'ENOENT', false],
  ['edit-service', 'ESRCH', true],
  ['edit-service', 'ENOENT', false],
  ['delete-service', 'ESRCH', true],
  ['add-destination', 'EEXIST', true],
  ['add-destination', 'ESRCH', true],
  ['add-destination', 'EINVAL', false],
  ['edit-destination', 'ENOENT', true],
  ['delete-destination', 'ENOENT', true],
  ['delete-destination', 'ENOMEM', false],
  ['stop-daemon', 'ESRCH', true],
  ['stop-daemon', 'EPERM', false],
])(
  'whether another pass can help when the kernel refuses %s with %s: %s',
  (kind, errno, expected) => {
    expect(
      isStale({ operation: operations[kind], error: new KernelError(errno, kind, errno) }),
    ).toBe(expected);
  },
);
