import { expect, test } from 'vitest';
import { type DrainRecord, type DrainStore, NO_DRAINS } from '../../src/model/drain.ts';
import type { Ipvs, Snapshot } from '../../src/model/ipvs.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { LoopWorld, tableWith } from '../support/loop-world.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { desiredOf, destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';

const SERVICE = keyOf('tcp://192.0.2.1:80');
const GOING = destinationKeyOf('10.0.0.2:80');
const BEFORE = tableWith({});
const AFTER = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } });
const DRAINED = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 0 } },
});

/** The loop ends drains itself, so their ends are no drift. */
const NO_DRIFT = { reversals: 0, drifted: 0, corrections: 0 };

const policy = {
  manage: undefined,
  sysctls: undefined,
  services: new Map([
    [
      SERVICE,
      { protect: false, drain: { timeoutSeconds: 60, lingerSeconds: 30 }, preserve: new Map() },
    ],
  ]),
};
const wants = (table: typeof BEFORE) => desiredOf(table.services, { policy });

/** A loop with a destination that has `connections.active` connections. */
async function draining(drift: 'correct' | 'off', before = BEFORE, after = wants(AFTER)) {
  const connections = { active: 5 };
  let stored: DrainRecord = NO_DRAINS;
  const inner: { world?: LoopWorld } = {};
  const store: DrainStore = {
    now: () => (inner.world?.clock.now() ?? 0) / 1000,
    read: async () => stored,
    write: async (record) => {
      stored = record;
    },
  };
  const counted = (snapshot: Snapshot): Snapshot => {
    const destinations = new Map([
      [GOING, { active: connections.active, inactive: 0, persistent: 0, stats: undefined }],
    ]);
    return {
      ...snapshot,
      counters: new Map([[SERVICE, { stats: undefined, destinations }]]),
    } as Snapshot;
  };
  const world: LoopWorld = new LoopWorld(before, wants(before), {
    drift,
    reconciling: { drains: store },
    port: (ipvs: Ipvs): Ipvs => ({
      ...ipvs,
      read: async (options) => counted(await ipvs.read(options)),
    }),
  });
  inner.world = world;
  await world.begin();
  await world.write(after);
  await world.clock.advance(250);
  return { world, connections, stored: () => stored };
}

test.each(['correct', 'off'] as const)(
  'deletes a draining destination when its connections have ended, with drift %s',
  async (drift) => {
    const { world, connections, stored } = await draining(drift);
    expect(isSameTable(world.ipvs.table(), DRAINED)).toBe(true);
    expect(world.state.drains).toMatchObject([{ service: SERVICE, destination: GOING, weight: 1 }]);
    expect(stored().drains.size).toBe(1);
    await world.clock.advance(20_000);
    expect(isSameTable(world.ipvs.table(), DRAINED)).toBe(true);
    expect(world.state.health).toMatchObject({
      state: 'draining',
      why: ['1 removed destination drains'],
    });
    connections.active = 0;
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), AFTER)).toBe(true);
    expect(world.state).toMatchObject({
      drains: [],
      contested: [],
      totals: NO_DRIFT,
    });
    expect(stored().drains.size).toBe(0);
  },
);

test('deletes a draining destination at its deadline when its connections never end', async () => {
  const { world } = await draining('correct');
  await world.clock.advance(55_000);
  expect(isSameTable(world.ipvs.table(), DRAINED)).toBe(true);
  await world.clock.advance(10_000);
  expect(isSameTable(world.ipvs.table(), AFTER)).toBe(true);
  expect(world.state.totals).toMatchObject(NO_DRIFT);
});

test('announces a plan once before its first operation, and not when it is refused', async () => {
  const announced: (readonly [number, number])[] = [];
  const world: LoopWorld = new LoopWorld(tableOf({}), BEFORE, {
    announce: async ({ changes }: Plan) => {
      announced.push([changes.length, world.ipvs.waves.length]);
    },
  });
  await world.begin();
  expect(announced).toEqual([[3, 0]]);
  await world.write(tableOf({}));
  await world.clock.advance(60_000);
  const { refused } = world.state;
  expect(refused).toBeDefined();
  expect(announced).toHaveLength(1);
  const waves = world.ipvs.waves.length;
  const approval = world.loop.approve(refused?.fingerprint ?? '');
  await world.clock.advance(0);
  expect(await approval).toMatchObject({ outcome: 'applied' });
  expect(announced.slice(1)).toEqual([[1, waves]]);
});

test('keeps a removed service until its destinations have drained, and deletes it by itself', async () => {
  const other = 'tcp://192.0.2.9:80';
  const before = tableWith({ [other]: { destinations: { '10.0.0.9:80': 1 } } });
  const left = tableOf({ [other]: { destinations: { '10.0.0.9:80': 1 } } });
  const { world, connections, stored } = await draining(
    'correct',
    before,
    desiredOf(left.services, { policy: { ...policy, services: new Map() } }),
  );
  // A removal is applied only after a second read of the file.
  await world.clock.advance(1000);
  const leaving = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.2:80': 0 } },
    [other]: { destinations: { '10.0.0.9:80': 1 } },
  });
  expect(isSameTable(world.ipvs.table(), leaving)).toBe(true);
  expect(world.state).toMatchObject({ refused: undefined, drains: [{ leaving: true }] });
  await world.clock.advance(20_000);
  expect(isSameTable(world.ipvs.table(), leaving)).toBe(true);
  connections.active = 0;
  await world.clock.advance(6000);
  expect(isSameTable(world.ipvs.table(), left)).toBe(true);
  expect(world.state).toMatchObject({ drains: [], refused: undefined, contested: [] });
  expect(world.state.totals).toMatchObject(NO_DRIFT);
  expect([...stored().policies.keys()]).toEqual([]);
});
