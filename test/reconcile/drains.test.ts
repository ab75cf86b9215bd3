import { expect, test } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import {
  type DrainKey,
  type DrainRecord,
  type DrainStore,
  drainKey,
  type PendingDrain,
} from '../../src/model/drain.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { ServicePolicy } from '../../src/model/policy.ts';
import type { Table } from '../../src/model/table.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import {
  type MisbehavingTable,
  type Misbehaviour,
  openMisbehavingTable,
} from '../support/misbehaving-ipvs.ts';
import { wants } from '../support/scenarios.ts';
import { destinationKeyOf, destinationOf, keyOf, serviceOf, tableOf } from '../support/tables.ts';

const S = 'tcp://192.0.2.1:80';
const D = drainKey(keyOf(S), destinationKeyOf('10.0.0.1:80'));
const pool = (destinations: Readonly<Record<string, number>>): Table =>
  tableOf({ [S]: { destinations } });

/** A kernel in which 10.0.0.1 has seven connections. */
function openBusyTable(initial: Table, misbehaviour: Misbehaviour = {}): MisbehavingTable {
  const ipvs = openMisbehavingTable(initial, misbehaviour);
  const busy = { active: 7, inactive: 0, persistent: 0, stats: undefined };
  const counters = new Map([
    [
      keyOf(S),
      { stats: undefined, destinations: new Map([[destinationKeyOf('10.0.0.1:80'), busy]]) },
    ],
  ]);
  return { ...ipvs, read: async (options) => ({ ...(await ipvs.read(options)), counters }) };
}

interface MemoryStore extends DrainStore {
  stored: DrainRecord;
}

function memoryStore(
  initial: Iterable<readonly [DrainKey, PendingDrain]> = [],
  now = 100,
): MemoryStore {
  const store: MemoryStore = {
    stored: { drains: new Map(initial), policies: new Map() },
    now: () => now,
    read: async () => store.stored,
    write: async (record) => {
      store.stored = record;
    },
  };
  return store;
}

const drainsOf = ({ stored }: MemoryStore) => [...stored.drains];

function draining(table: Table, policy: Partial<ServicePolicy> = {}): Desired {
  const own: ServicePolicy = {
    preserve: new Map(),
    drain: { timeoutSeconds: 60, lingerSeconds: 120 },
    protect: false,
    ...policy,
  };
  return wants(table, {
    policy: { manage: undefined, services: new Map([[keyOf(S), own]]), sysctls: undefined },
  });
}

const weightOf = (table: Table): number | undefined =>
  table.services.get(keyOf(S))?.destinations.get(destinationKeyOf('10.0.0.1:80'))?.weight;

test('gives a removed destination with connections weight 0, and stores its deadline', async () => {
  const ipvs = openBusyTable(pool({ '10.0.0.1:80': 5, '10.0.0.2:80': 1 }));
  const store = memoryStore();
  const report = await reconcile(ipvs, draining(pool({ '10.0.0.2:80': 1 })), { drains: store });
  expect(report).toMatchObject({
    outcome: 'applied',
    drains: [{ connections: 7, secondsLeft: 60, weight: 5 }],
  });
  expect(weightOf(ipvs.table())).toBe(0);
  expect(drainsOf(store)).toEqual([[D, { deadlineSeconds: 160, weight: 5 }]]);
});

test('deletes and forgets a draining destination at its deadline', async () => {
  const ipvs = openBusyTable(pool({ '10.0.0.1:80': 0, '10.0.0.2:80': 1 }));
  const store = memoryStore([[D, { deadlineSeconds: 160, weight: 5 }]], 160);
  expect(
    await reconcile(ipvs, draining(pool({ '10.0.0.2:80': 1 })), { drains: store }),
  ).toMatchObject({ outcome: 'applied', drains: [] });
  expect(weightOf(ipvs.table())).toBeUndefined();
  expect(drainsOf(store)).toEqual([]);
});

const preserveWeight = new Map([
  [destinationKeyOf('10.0.0.1:80'), { weight: true, thresholds: false }],
]);
const WANTED_AGAIN = draining(pool({ '10.0.0.1:80': 1, '10.0.0.2:80': 1 }), {
  preserve: preserveWeight,
});
const HALF_DRAINED = pool({ '10.0.0.1:80': 0, '10.0.0.2:80': 1 });

test('sets a preserved weight again when the destination is desired again', async () => {
  const ipvs = openBusyTable(HALF_DRAINED);
  const store = memoryStore([[D, { deadlineSeconds: 160, weight: 5 }]]);
  expect(await reconcile(ipvs, WANTED_AGAIN, { drains: store })).toMatchObject({
    outcome: 'applied',
    drains: [],
  });
  expect(weightOf(ipvs.table())).toBe(5);
  expect(drainsOf(store)).toEqual([]);
});

test('sets a preserved weight again when the first wave was lost unexecuted', async () => {
  const ipvs = openBusyTable(HALF_DRAINED, { lose: (wave) => (wave === 0 ? 0 : undefined) });
  const store = memoryStore([[D, { deadlineSeconds: 160, weight: 5 }]]);
  expect(await reconcile(ipvs, WANTED_AGAIN, { drains: store })).toMatchObject({
    outcome: 'applied',
    passes: 2,
  });
  expect(weightOf(ipvs.table())).toBe(5);
  expect(drainsOf(store)).toEqual([]);
});

test('rolls the stored drains back with the table', async () => {
  const ipvs = openBusyTable(HALF_DRAINED, {
    refuse: (_, index) => (index === 0 ? 'ENOMEM' : undefined),
  });
  const store = memoryStore([[D, { deadlineSeconds: 160, weight: 5 }]]);
  expect(await reconcile(ipvs, WANTED_AGAIN, { drains: store })).toMatchObject({
    outcome: 'rolled-back',
  });
  expect(drainsOf(store)).toEqual([[D, { deadlineSeconds: 160, weight: 5 }]]);
});

test('rolls the stored drains back after a second pass that could not read', async () => {
  let port = 1000;
  const intrude = (text: string, weight: number): Operation => ({
    kind: 'add-destination',
    service: serviceOf(S).identity,
    destination: destinationOf(text, { weight }),
  });
  const ipvs = openBusyTable(pool({ '10.0.0.1:80': 5, '10.0.0.2:80': 1, '10.0.0.4:80': 0 }), {
    beforeWave: (wave) => (wave === 0 ? [intrude('10.0.0.3:80', 9)] : []),
    beforeRead: (read) => (read >= 2 && read < 8 ? [intrude(`10.9.0.1:${port++}`, 0)] : []),
  });
  const store = memoryStore();
  const report = await reconcile(ipvs, draining(pool({ '10.0.0.2:80': 1, '10.0.0.3:80': 1 })), {
    drains: store,
  });
  expect(report).toMatchObject({ outcome: 'rolled-back', error: { code: 'UNSTABLE' } });
  expect(weightOf(ipvs.table())).toBe(5);
  expect(drainsOf(store)).toEqual([]);
});

/**
 * A kernel in which 10.0.0.1 has, at each read, the next number of `connections`. The last number
 * stays.
 */
function openTableWith(initial: Table, connections: readonly number[]): MisbehavingTable {
  const ipvs = openMisbehavingTable(initial);
  let reads = 0;
  return {
    ...ipvs,
    read: async (options) => {
      const active = connections[Math.min(reads++, connections.length - 1)] ?? 0;
      const counted = { active, inactive: 0, persistent: 0, stats: undefined };
      const counters = new Map([
        [
          keyOf(S),
          { stats: undefined, destinations: new Map([[destinationKeyOf('10.0.0.1:80'), counted]]) },
        ],
      ]);
      return { ...(await ipvs.read(options)), counters };
    },
  };
}

test('deletes a destination without connections in the same run, after weight 0', async () => {
  const ipvs = openTableWith(pool({ '10.0.0.1:80': 5, '10.0.0.2:80': 1 }), [0]);
  const report = await reconcile(ipvs, draining(pool({ '10.0.0.2:80': 1 })), {
    drains: memoryStore(),
  });
  expect(report).toMatchObject({ outcome: 'applied', drains: [], done: 2 });
  expect(ipvs.waves.map((wave) => wave.map(({ kind }) => kind))).toEqual([
    ['edit-destination'],
    ['delete-destination'],
  ]);
});

test('does not cut a connection that came after the table was read', async () => {
  const ipvs = openTableWith(pool({ '10.0.0.1:80': 5, '10.0.0.2:80': 1 }), [0, 0, 1]);
  const store = memoryStore();
  const report = await reconcile(ipvs, draining(pool({ '10.0.0.2:80': 1 })), { drains: store });
  expect(report).toMatchObject({ outcome: 'applied', drains: [{ connections: 1 }], done: 1 });
  expect(weightOf(ipvs.table())).toBe(0);
  expect([...store.stored.drains.keys()]).toEqual([D]);
});

test('a destination that drained at once is in no desired table of the report', async () => {
  const desired = draining(pool({ '10.0.0.2:80': 1 }));
  const report = await reconcile(
    openMisbehavingTable(pool({ '10.0.0.1:80': 1, '10.0.0.2:80': 1 })),
    desired,
    { drains: memoryStore() },
  );
  expect(report).toMatchObject({ outcome: 'applied', drained: { destinations: 1 } });
  const destinations = report.plan.desired.services.get(keyOf(S))?.destinations;
  expect([...(destinations?.keys() ?? [])]).toEqual(['10.0.0.2:80']);
});
