import { expect, test } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import type { Pause } from '../../src/model/pause.ts';
import type { PauseRequest } from '../../src/reconcile/loop/loop-interface.ts';
import type { PassResult } from '../../src/reconcile/loop/loop-state.ts';
import { LoopWorld, tableWith, type WorldOptions } from '../support/loop-world.ts';
import { type MemoryPause, memoryPause } from '../support/memory-pause.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { desiredOf, keyOf, tableOf } from '../support/tables.ts';

const FIRST = keyOf('tcp://192.0.2.1:80');
const SECOND = keyOf('tcp://192.0.2.2:80');
const HALF_AN_HOUR = 1800;
const MINUTE = 60_000;

const tableOfWeights = (first: number, second: number) =>
  tableWith({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': first, '10.0.0.2:80': 1 } },
    'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': second } },
  });
const WANTED = tableOfWeights(1, 1);
const WITHOUT_FIRST = tableOf({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 1 } } });

const REQUEST: PauseRequest = {
  who: 'alice',
  reason: 'kernel upgrade',
  seconds: HALF_AN_HOUR,
  only: [],
};

const pauseOf = (rest: Partial<Pause> = {}): Pause => ({
  services: undefined,
  who: 'alice',
  reason: undefined,
  sinceSeconds: 0,
  untilSeconds: HALF_AN_HOUR,
  ...rest,
});

interface Paused {
  readonly world: LoopWorld;
  readonly store: MemoryPause;
  /** Counts how often the lock of writers was taken and released. */
  readonly lock: { taken: number; released: number };
}

async function begin(options: WorldOptions = {}, store = memoryPause()): Promise<Paused> {
  const lock = { taken: 0, released: 0 };
  const world = new LoopWorld(WANTED, WANTED, {
    pauses: store,
    lock: {
      take: async () => {
        lock.taken++;
      },
      release: async () => {
        lock.released++;
      },
    },
    ...options,
  });
  store.clock = world.clock;
  await world.begin();
  return { world, store, lock };
}

async function settled(world: LoopWorld, pass: Promise<PassResult>): Promise<PassResult> {
  await world.clock.advance(0);
  return pass;
}

const pause = (world: LoopWorld, rest: Partial<PauseRequest> = {}): Promise<PassResult> =>
  settled(world, world.loop.pause({ ...REQUEST, ...rest }));

test('a paused loop reports and counts drift and leaves it, and corrects it at the end', async () => {
  const { world } = await begin();
  expect(await pause(world)).toMatchObject({ triggers: ['pause'], outcome: 'in-sync' });
  expect(world.state.health).toMatchObject({
    state: 'paused',
    why: ['alice paused the daemon: kernel upgrade'],
  });
  await world.foreign(tableOfWeights(7, 1));
  await world.clock.advance(5000);
  expect(world.state).toMatchObject({
    health: {
      state: 'drifted',
      why: ['1 object differs from the files', 'alice paused the daemon: kernel upgrade'],
    },
    totals: { drifted: 1, corrections: 0 },
  });
  await world.foreign(tableOfWeights(7, 8));
  await world.clock.advance(5 * MINUTE);
  expect(world.state.totals.drifted).toBe(2);
  expect(world.ipvs.waves).toEqual([]);
  await world.clock.advance(25 * MINUTE - 10_000);
  expect(world.ipvs.waves).toEqual([]);
  await world.clock.advance(5_000);
  expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  expect(world.passes.at(-1)).toMatchObject({ triggers: ['resume'], outcome: 'applied' });
  expect(world.state).toMatchObject({
    pause: undefined,
    health: { state: 'in-sync' },
    totals: { drifted: 2 },
  });
});

test('changed files are read during a pause, and applied at its end', async () => {
  const { world } = await begin();
  await pause(world);
  const next = tableOfWeights(5, 5);
  await world.write(next);
  expect(world.ipvs.waves).toEqual([]);
  expect(world.state).toMatchObject({ health: { state: 'drifted' }, totals: { drifted: 0 } });
  const pass = await settled(world, world.loop.resume());
  expect(pass).toMatchObject({ triggers: ['resume'], outcome: 'applied' });
  expect(isSameTable(world.ipvs.table(), next)).toBe(true);
});

test('a pause without an end lasts until it is ended, and an approval does not break it', async () => {
  const { world, store } = await begin();
  await pause(world, { seconds: undefined });
  await world.foreign(tableOfWeights(7, 1));
  await world.clock.advance(2 * 60 * MINUTE);
  void world.loop.approve('');
  await world.clock.advance(0);
  expect(world.ipvs.waves).toEqual([]);
  expect(store.stored).toMatchObject({ untilSeconds: undefined });
  await settled(world, world.loop.resume());
  expect(store.stored).toBeUndefined();
  expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
});

test('a later pause replaces the earlier one, also its end', async () => {
  const { world } = await begin();
  await pause(world, { seconds: 60 });
  await pause(world, { seconds: 600, who: 'bob' });
  await world.foreign(tableOfWeights(7, 1));
  await world.clock.advance(5 * MINUTE);
  expect(world.state.pause).toMatchObject({ who: 'bob' });
  expect(world.ipvs.waves).toEqual([]);
  await world.clock.advance(5 * MINUTE);
  expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
});

test('a loop that starts anew is still paused, and its pause ends at the same time', async () => {
  const store = memoryPause(pauseOf({ untilSeconds: 600 }));
  const { world } = await begin({}, store);
  await world.foreign(tableOfWeights(7, 1));
  await world.clock.advance(9 * MINUTE);
  expect(world.ipvs.waves).toEqual([]);
  expect(world.state.health.why).toContain('alice paused the daemon');
  await world.clock.advance(MINUTE);
  expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
});

test('a pause that was over before the start is forgotten', async () => {
  const store = memoryPause(pauseOf({ untilSeconds: 0 }));
  const { world } = await begin({}, store);
  expect(world.state.pause).toBeUndefined();
  expect(store.stored).toBeUndefined();
});

test.each(['start', 'later'])(
  'a pause that cannot be read is a failed pass that writes nothing (%s)',
  async (when) => {
    const store = memoryPause();
    const failure = new IpvstateError('IO', '/run/ipvstate/pause.json cannot be read (EIO)');
    if (when === 'start') store.failure = failure;
    const { world } = await begin({}, store);
    store.failure = failure;
    await world.foreign(tableOfWeights(7, 1));
    await world.clock.advance(2 * MINUTE);
    expect(world.ipvs.waves).toEqual([]);
    expect(world.state).toMatchObject({
      lastPass: { outcome: 'failed', error: failure },
      health: { state: 'failed' },
    });
    store.failure = undefined;
    await world.clock.advance(2 * MINUTE);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  },
);

test('a pause that cannot be stored is refused, and the loop goes on', async () => {
  const { world, store } = await begin();
  store.failure = new IpvstateError('IO', 'the disk is full');
  await expect(world.loop.pause(REQUEST)).rejects.toThrow('the disk is full');
  store.failure = undefined;
  await world.foreign(tableOfWeights(7, 1));
  await world.clock.advance(5000);
  expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
});

test('the pass that answers the end of a pause is the first one that writes', async () => {
  const store = memoryPause();
  const cleared: (() => void)[] = [];
  const { clear } = store;
  store.clear = async () => {
    await clear();
    await new Promise<void>((resolve) => cleared.push(resolve));
  };
  const { world } = await begin({}, store);
  await pause(world);
  await world.foreign(tableOfWeights(7, 1));
  const resumed = world.loop.resume();
  await world.clock.advance(60_000);
  expect(store.stored).toBeUndefined();
  expect(world.ipvs.waves).toEqual([]);
  for (const resolve of cleared) resolve();
  expect(await settled(world, resumed)).toMatchObject({ triggers: ['resume'], outcome: 'applied' });
});

test('a pause that cannot be ended goes on', async () => {
  const { world, store } = await begin();
  await pause(world);
  store.clear = () => Promise.reject(new IpvstateError('IO', 'the disk is read-only'));
  await expect(world.loop.resume()).rejects.toThrow('read-only');
  await world.foreign(tableOfWeights(7, 1));
  await world.clock.advance(60_000);
  expect(world.ipvs.waves).toEqual([]);
  expect(world.state.pause).toBeDefined();
});

test('the lock of writers is free during a pause, and taken for each pass that may write', async () => {
  const { world, lock } = await begin();
  const { taken } = lock;
  await pause(world);
  expect(lock).toEqual({ taken, released: 1 });
  await world.foreign(tableOfWeights(7, 1));
  await world.clock.advance(5000);
  expect(lock.taken).toBe(taken);
  await settled(world, world.loop.resume());
  expect(lock.taken).toBe(taken + 1);
});

test('a lock that another command has at the end of a pause makes the pass fail, and is tried again', async () => {
  const busy = new IpvstateError('LOCKED', 'another ipvstate is writing');
  let isBusy = false;
  const lock = {
    take: async () => {
      if (isBusy) throw busy;
    },
    release: async () => {},
  };
  const { world } = await begin({ lock });
  await pause(world);
  await world.foreign(tableOfWeights(7, 1));
  isBusy = true;
  expect(await settled(world, world.loop.resume())).toMatchObject({
    outcome: 'failed',
    error: busy,
  });
  expect(world.ipvs.waves).toEqual([]);
  isBusy = false;
  await world.clock.advance(2000);
  expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
});

test('a plan that a guard holds back stays so during a pause, and is not executed', async () => {
  const { world } = await begin();
  await world.write(tableOf({}));
  await world.clock.advance(250);
  const { refused } = world.state;
  expect(refused).toBeDefined();
  await pause(world);
  expect(world.state.refused).toBe(refused);
  void world.loop.approve(refused?.fingerprint ?? '');
  await world.clock.advance(0);
  expect(world.ipvs.waves).toEqual([]);
});

test('a part that the kernel refused stays reported during a pause, and is not tried', async () => {
  const { world } = await begin({
    misbehaviour: {
      refuse: (operation) =>
        operation.kind === 'edit-destination' && operation.destination.key === '10.0.0.3:80'
          ? 'EINVAL'
          : undefined,
    },
  });
  await world.write(tableOfWeights(1, 9));
  expect(world.state.refusedParts).toMatchObject([{ part: SECOND }]);
  await pause(world);
  const { length } = world.ipvs.waves;
  void world.loop.reload();
  await world.foreign(tableOfWeights(7, 1));
  await world.clock.advance(MINUTE);
  expect(world.state.refusedParts).toMatchObject([{ part: SECOND }]);
  expect(world.ipvs.waves.length).toBe(length);
});

test('a pause of some services leaves only these alone, and counts their drift', async () => {
  const { world, lock } = await begin();
  await pause(world, { only: [FIRST] });
  expect(world.state.pause).toMatchObject({ services: [FIRST] });
  await world.foreign(tableOfWeights(7, 8));
  await world.clock.advance(5000);
  expect(isSameTable(world.ipvs.table(), tableOfWeights(7, 1))).toBe(true);
  expect(world.state).toMatchObject({
    health: {
      state: 'drifted',
      why: ['1 object differs from the files', 'alice paused 1 service: kernel upgrade'],
    },
    totals: { drifted: 2, corrections: 1 },
  });
  await world.clock.advance(MINUTE);
  expect(world.state.totals.drifted).toBe(2);
  expect(lock.released).toBeGreaterThan(1);
  await settled(world, world.loop.resume());
  expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
});

test('a paused service that is gone is not added, and one that leaves the files is not deleted', async () => {
  const { world } = await begin();
  await pause(world, { only: [FIRST, SECOND] });
  await world.foreign(WITHOUT_FIRST);
  await world.write(tableWith({}));
  await world.clock.advance(5 * MINUTE);
  expect(isSameTable(world.ipvs.table(), WITHOUT_FIRST)).toBe(true);
  expect(world.state.health.state).toBe('unserved');
  await settled(world, world.loop.resume());
  expect(isSameTable(world.ipvs.table(), tableWith({}))).toBe(true);
});

test('a service is paused by its name, also when the name has another service later', async () => {
  const names = new Map([[FIRST, 'shop']]);
  const { world } = await begin();
  await world.write(desiredOf(WANTED.services, { names }));
  await pause(world, { only: ['sh*p'] });
  await world.write(
    desiredOf(tableOfWeights(4, 4).services, { names: new Map([[SECOND, 'shop']]) }),
  );
  expect(isSameTable(world.ipvs.table(), tableOfWeights(1, 4))).toBe(true);
});

test('a pause of a service that nobody knows is refused, and nothing is stored', async () => {
  const { world, store } = await begin();
  await expect(world.loop.pause({ ...REQUEST, only: ['shpo'] })).rejects.toMatchObject({
    code: 'USAGE',
    message: '--only shpo matches no service, desired or live',
  });
  expect(store.stored).toBeUndefined();
});

test('with drift off, a paused loop does not apply changed files, and applies them at the end', async () => {
  const { world } = await begin({ drift: 'off' });
  await pause(world);
  expect(world.state.pause).toBeDefined();
  await world.write(tableOfWeights(5, 5));
  expect(world.ipvs.waves).toEqual([]);
  expect(world.state.health.state).toBe('drifted');
  await world.clock.advance(HALF_AN_HOUR * 1000);
  expect(isSameTable(world.ipvs.table(), tableOfWeights(5, 5))).toBe(true);
});
