import { describe, expect, test } from 'vitest';
import { type ErrorCode, IpvstateError } from '../../src/errors.ts';
import { LoopWorld, tableWith } from '../support/loop-world.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { tableOf } from '../support/tables.ts';

const EMPTY = tableOf({});
const ONE = tableWith({});
const TWO = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 1 } } });
const MOVED = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 9, '10.0.0.2:80': 1 } },
});

/** A kernel whose reads fail while `code` is set. */
function failing(live = ONE, first?: ErrorCode) {
  const fault: { code: ErrorCode | undefined } = { code: first };
  const world: LoopWorld = new LoopWorld(live, ONE, {
    misbehaviour: { failRead: () => fault.code && new IpvstateError(fault.code, 'it failed') },
  });
  return { world, fault };
}

describe('a kernel that cannot be read', () => {
  test.each(['UNAVAILABLE', 'LOST', 'PROTOCOL', 'UNSTABLE', 'KERNEL'] as const)(
    '%s: is asked again, each time later, up to a minute',
    async (code) => {
      const { world } = failing(ONE, code);
      await world.begin();
      const times: number[] = [];
      while (world.clock.now() < 300_000) {
        times.push(Math.round(((world.state.retryAt ?? 0) - world.clock.now()) / 1000));
        expect(world.state).toMatchObject({
          phase: 'retrying',
          failures: times.length,
          lastPass: { outcome: 'failed', error: { code } },
        });
        await world.clock.advance((world.state.retryAt ?? 0) - world.clock.now());
      }
      expect(times.slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    },
  );

  test('is written to as soon as it can be read, and the failures count from zero', async () => {
    const { world, fault } = failing(EMPTY, 'UNAVAILABLE');
    await world.begin();
    await world.clock.advance(10_000);
    fault.code = undefined;
    await world.clock.advance(16_000);
    expect(world.state).toMatchObject({ phase: 'waiting', failures: 0, retryAt: undefined });
    expect(world.passes.map(({ outcome }) => outcome)).toEqual([
      ...Array(4).fill('failed'),
      'applied',
      'in-sync',
    ]);
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
  });

  test('is read early for another file or a reload, and not for drift or events', async () => {
    const { world } = failing(ONE, 'UNAVAILABLE');
    await world.begin();
    await world.clock.advance(100_000);
    const { failures } = world.state;
    for (let second = 0; second < 10; second++) {
      world.loop.look();
      await world.clock.advance(1000);
    }
    expect(world.state.failures).toBe(failures);
    void world.loop.reload();
    await world.clock.advance(0);
    expect(world.state.failures).toBe(failures + 1);
    await world.write(TWO);
    expect(world.state.failures).toBe(1);
  });
});

describe('a loop without the permission', () => {
  test('ends after the first pass', async () => {
    const { world } = failing(ONE, 'PERMISSION');
    const reload = world.loop.reload();
    await world.begin();
    await expect(world.loop.done).rejects.toMatchObject({ code: 'PERMISSION' });
    expect(world.state).toMatchObject({
      phase: 'failed',
      fatal: { code: 'PERMISSION' },
      lastPass: { outcome: 'failed' },
    });
    expect(world.clock.next).toBeUndefined();
    expect(await reload).toMatchObject({ outcome: 'stopped' });
    await world.loop.stop();
    expect(world.state.phase).toBe('failed');
  });

  test('retries when a later pass fails', async () => {
    const { world, fault } = failing();
    await world.begin();
    fault.code = 'PERMISSION';
    await world.foreign(MOVED);
    await world.clock.advance(5000);
    expect(world.state).toMatchObject({
      phase: 'retrying',
      lastPass: { error: { code: 'PERMISSION' } },
    });
    fault.code = undefined;
    await world.clock.advance(1000);
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
  });
});

describe('a kernel that refuses an operation', () => {
  test('for a temporary reason is asked again after a rollback', async () => {
    let isFull = true;
    const world = await new LoopWorld(ONE, ONE, {
      misbehaviour: {
        refuse: ({ kind }) => (isFull && kind === 'add-destination' ? 'ENOMEM' : undefined),
      },
    }).begin();
    await world.write(TWO);
    expect(world.state).toMatchObject({ phase: 'retrying', lastPass: { outcome: 'rolled-back' } });
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
    isFull = false;
    await world.clock.advance(1000);
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
  });

  test.each([
    ['with a fingerprint', {}],
    ['without', { fingerprint: () => Promise.reject(new Error('none')) }],
  ])('for good is not asked again by time, %s', async (_, options) => {
    const world = await new LoopWorld(ONE, ONE, {
      ...options,
      misbehaviour: { refuse: ({ kind }) => (kind === 'add-destination' ? 'EINVAL' : undefined) },
    }).begin();
    await world.write(TWO);
    expect(world.state).toMatchObject({
      phase: 'waiting',
      retryAt: undefined,
      refusedParts: [{ part: 'tcp://192.0.2.2:80', leave: 'absent' }],
      health: { state: 'unserved' },
    });
    const { length } = world.ipvs.waves;
    await world.clock.advance(1_000_000);
    expect(world.ipvs.waves).toHaveLength(length);
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
    await world.write(ONE);
    await world.clock.advance(250);
    expect(world.state).toMatchObject({ failures: 0, lastPass: { outcome: 'in-sync' } });
  });

  test('for a lasting reason is asked again when the table has changed', async () => {
    const world = await new LoopWorld(ONE, ONE, {
      misbehaviour: {
        refuse: ({ kind }, index) =>
          index < 3 && kind === 'add-destination' ? 'EINVAL' : undefined,
      },
    }).begin();
    await world.write(TWO);
    expect(world.state.refusedParts).toHaveLength(1);
    await world.foreign(MOVED);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
  });
});

test('a table that differs at verification is read again soon', async () => {
  const thief = TWO.services.get('tcp://192.0.2.2:80' as never)?.service.identity;
  let isArmed = false;
  const world: LoopWorld = await new LoopWorld(ONE, ONE, {
    misbehaviour: {
      beforeRead: (_, { services }) => {
        if (!isArmed || !services || !thief || world.ipvs.table().services.size < 2) return [];
        isArmed = false;
        return [{ kind: 'delete-service', service: thief }];
      },
    },
  }).begin();
  isArmed = true;
  await world.write(TWO);
  expect(world.state).toMatchObject({ phase: 'retrying', lastPass: { outcome: 'unverified' } });
  await world.clock.advance(1000);
  expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
});

describe('a bug', () => {
  test('in a pass is a failed pass, which is tried again later', async () => {
    const fault: { error: Error | undefined } = { error: new TypeError('x is undefined') };
    const world: LoopWorld = await new LoopWorld(EMPTY, ONE, {
      misbehaviour: { failRead: () => fault.error },
    }).begin();
    expect(world.state).toMatchObject({
      phase: 'retrying',
      failures: 1,
      lastPass: {
        outcome: 'failed',
        error: { code: 'INTERNAL', message: 'this is a bug: x is undefined', cause: fault.error },
      },
    });
    fault.error = undefined;
    await world.clock.advance(1000);
    expect(world.state).toMatchObject({ phase: 'waiting', lastPass: { outcome: 'applied' } });
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
  });

  test('in the readers of files is a problem of the configuration', async () => {
    const world = new LoopWorld(ONE, ONE, { load: () => Promise.reject(new TypeError('oh')) });
    await world.begin();
    expect(world.state).toMatchObject({
      phase: 'starting',
      config: { valid: false, problem: { error: { code: 'INTERNAL' } } },
    });
    await world.loop.stop();
  });
});

test('a retry ends when the plan that failed is void and no files are in force', async () => {
  let isFaulty = false;
  const world = await new LoopWorld(ONE, EMPTY, {
    misbehaviour: {
      failRead: () => (isFaulty ? new IpvstateError('UNAVAILABLE', 'it failed') : undefined),
    },
  }).begin();
  expect(world.state.lastPass?.outcome).toBe('refused');
  isFaulty = true;
  void world.loop.reload();
  await world.clock.advance(100);
  expect(world.state.phase).toBe('retrying');
  await world.write('nonsense');
  const { length } = world.states;
  await world.clock.advance(3_600_000);
  expect(world.state).toMatchObject({ phase: 'waiting', retryAt: undefined });
  expect(world.states.length).toBeLessThan(length + 1000);
});
