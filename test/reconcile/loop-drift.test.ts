import { describe, expect, test } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { Operation } from '../../src/model/operation.ts';
import { LoopWorld, MISSING, tableWith } from '../support/loop-world.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { daemonOf, tableOf, wholly } from '../support/tables.ts';

const EMPTY = tableOf({});
const WANTED = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 1 } } });
const MOVED = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 5 } } });
const REWEIGHTED = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 7, '10.0.0.2:80': 1 } },
  'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 1 } },
});
const MINUTE = 60_000;

const synced = (options: ConstructorParameters<typeof LoopWorld>[2] = {}) =>
  new LoopWorld(WANTED, WANTED, options).begin();

describe('drift', () => {
  test('is corrected at the next interval', async () => {
    const world = await synced();
    await world.foreign(MOVED);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
    expect(world.state).toMatchObject({
      drift: undefined,
      totals: { corrections: 1, reversals: 1 },
    });
  });

  test.each([
    ['the whole table', EMPTY],
    ['a service', tableWith({})],
  ])('is corrected when another program deleted %s', async (_, left) => {
    const world = await synced();
    await world.foreign(left);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });

  test('is looked for by fingerprint, so an unchanged table is read only at a resync', async () => {
    const world = await synced();
    const { length } = world.ipvs.reads;
    await world.clock.advance(299_000);
    expect(world.ipvs.reads.length).toBe(length);
    expect(world.fingerprints).toBeGreaterThan(55);
    await world.clock.advance(2000);
    expect(world.passes.at(-1)).toMatchObject({ triggers: ['resync'], outcome: 'in-sync' });
  });

  test('is found by the resync when the fingerprint does not show it', async () => {
    const world = await synced({ fingerprint: async () => 'always the same' });
    await world.foreign(MOVED);
    await world.clock.advance(299_000);
    expect(isSameTable(world.ipvs.table(), MOVED)).toBe(true);
    await world.clock.advance(2000);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });

  test('is found by reading the table when the fingerprint cannot be read', async () => {
    const world = await synced({ fingerprint: () => Promise.reject(new Error('EACCES')) });
    await world.foreign(MOVED);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });

  test('is found when it comes right after a pass that wrote', async () => {
    const world = await synced();
    await world.write(REWEIGHTED);
    await world.foreign(MOVED);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), REWEIGHTED)).toBe(true);
  });

  test('is corrected to the last valid files while the file is missing', async () => {
    const world = await synced();
    await world.write(MISSING);
    await world.foreign(EMPTY);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });
});

describe('drift that is only reported', () => {
  test('is in the state with its beginning until it is gone, and is never corrected', async () => {
    const world = await synced({ drift: 'report' });
    await world.foreign(MOVED);
    await world.clock.advance(5000);
    const since = world.state.drift?.since;
    expect(world.state).toMatchObject({
      drift: { changes: [{ object: 'destination' }] },
      lastPass: { outcome: 'drift' },
    });
    await world.clock.advance(10 * MINUTE);
    expect(world.state.drift?.since).toBe(since);
    expect(world.ipvs.waves).toEqual([]);
    await world.foreign(WANTED);
    await world.clock.advance(5000);
    expect(world.state.drift).toBeUndefined();
  });

  test('does not stop a changed file from being applied', async () => {
    const world = await synced({ drift: 'report' });
    await world.write(REWEIGHTED);
    expect(isSameTable(world.ipvs.table(), REWEIGHTED)).toBe(true);
    await world.foreign(MOVED);
    await world.clock.advance(10 * MINUTE);
    expect(isSameTable(world.ipvs.table(), MOVED)).toBe(true);
  });
});

test('with drift off, the loop looks for changed files only, also without an event', async () => {
  const world = await synced({ drift: 'off' });
  const { length } = world.ipvs.reads;
  await world.foreign(MOVED);
  await world.clock.advance(20 * MINUTE);
  expect(world.ipvs.reads.length).toBe(length);
  world.content = REWEIGHTED;
  await world.clock.advance(6 * MINUTE);
  expect(isSameTable(world.ipvs.table(), REWEIGHTED)).toBe(true);
});

describe.each(['off', 'report'] as const)('with drift %s', (drift) => {
  /** Refuses an operation on one destination, so often. */
  const refusing = (times: number, key: string) => {
    let left = times;
    return {
      refuse: (operation: Operation) =>
        operation.kind === 'edit-destination' && operation.destination.key === key && left-- > 0
          ? ('ENOMEM' as const)
          : undefined,
    };
  };

  test('a return to the old file ends the retries after a new one was rolled back', async () => {
    const world = await synced({ drift, misbehaviour: refusing(1, '10.0.0.1:80') });
    await world.write(REWEIGHTED);
    expect(world.state).toMatchObject({ phase: 'retrying', lastPass: { outcome: 'rolled-back' } });
    await world.write(WANTED);
    await world.clock.advance(MINUTE);
    expect(world.state).toMatchObject({ phase: 'waiting', failures: 0, retryAt: undefined });
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });

  test('a return to the old file is applied after a new one was half applied', async () => {
    const both = tableOf({
      'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 7, '10.0.0.2:80': 1 } },
      'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 7 } },
    });
    const world = await synced({
      drift,
      misbehaviour: refusing(1, '10.0.0.3:80'),
      reconciling: { onError: 'stop' },
    });
    await world.write(both);
    expect(world.state).toMatchObject({
      phase: 'retrying',
      lastPass: { outcome: 'partial' },
      applied: undefined,
    });
    expect(isSameTable(world.ipvs.table(), REWEIGHTED)).toBe(true);
    await world.write(WANTED);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });

  test('an approval without a refused plan writes nothing', async () => {
    const world = await synced({ drift });
    await world.foreign(MOVED);
    const approval = world.loop.approve('');
    await world.clock.advance(0);
    await approval;
    expect(isSameTable(world.ipvs.table(), MOVED)).toBe(true);
  });
});

describe('an object that another program changes back', () => {
  /** Changes the table back after each correction. */
  const reverse = async (world: LoopWorld, times: number, table = MOVED) => {
    for (let time = 0; time < times; time++) {
      await world.foreign(table);
      await world.clock.advance(5000);
    }
  };

  test('three times within five minutes is contested, and it alone is left alone', async () => {
    const world = await synced();
    await reverse(world, 2);
    expect(world.state.contested).toEqual([]);
    await reverse(world, 1);
    expect(isSameTable(world.ipvs.table(), MOVED)).toBe(true);
    expect(world.state.contested).toMatchObject([
      { name: 'tcp://192.0.2.2:80 10.0.0.3:80', part: 'tcp://192.0.2.2:80', reversals: 3 },
    ]);
    const both = tableOf({
      'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 7, '10.0.0.2:80': 1 } },
      'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 5 } },
    });
    await world.foreign(both);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), MOVED)).toBe(true);
    expect(world.state.totals).toMatchObject({ reversals: 4 });
  });

  test('is retried after one minute, then after two, four and eight', async () => {
    const world = await synced();
    await reverse(world, 3);
    const tries: number[] = [];
    for (let second = 0; second < 960; second++) {
      await world.clock.advance(1000);
      if (isSameTable(world.ipvs.table(), WANTED)) {
        tries.push(
          Math.round((world.clock.now() - (world.state.contested[0]?.since ?? 0)) / MINUTE),
        );
        await world.foreign(MOVED);
      }
    }
    expect(tries).toEqual([1, 3, 7, 15]);
    expect(world.state.contested).toMatchObject([{ reversals: 7 }]);
  });

  test('is no longer contested after five minutes without a change', async () => {
    const world = await synced();
    await reverse(world, 3);
    await world.clock.advance(61_000);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
    expect(world.state.contested).toHaveLength(1);
    await world.clock.advance(5 * MINUTE);
    expect(world.state.contested).toEqual([]);
    await reverse(world, 2);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });

  test('is not contested when that is rare', async () => {
    const world = await synced();
    for (let time = 0; time < 10; time++) {
      await reverse(world, 1);
      await world.clock.advance(3 * MINUTE);
    }
    expect(world.state.contested).toEqual([]);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });

  test('is corrected again when the file changes', async () => {
    const world = await synced();
    await reverse(world, 3);
    await world.write(
      tableOf({
        ...Object.fromEntries([]),
        'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } },
        'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 2 } },
      }),
    );
    expect(world.state.contested).toEqual([]);
    expect(
      world.ipvs
        .table()
        .services.get('tcp://192.0.2.2:80' as never)
        ?.destinations.values()
        .next().value?.weight,
    ).toBe(2);
  });

  test('is left deleted when its service has no usable destination in the files either', async () => {
    const quiet = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 0 } } });
    const world = await new LoopWorld(quiet, quiet).begin();
    await reverse(world, 3, tableWith({}));
    expect(isSameTable(world.ipvs.table(), tableWith({}))).toBe(true);
    expect(world.state).toMatchObject({
      contested: [{ name: 'tcp://192.0.2.2:80' }],
      lastPass: { outcome: 'drift', differs: true },
      health: { state: 'contested' },
    });
  });

  test.each([
    ['its service', tableWith({})],
    ['the last destination of its service', tableWith({ 'tcp://192.0.2.2:80': {} })],
    [
      'every weight of its service',
      tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 0 } } }),
    ],
  ])('is put back each time when another program takes away %s', async (_, left) => {
    const world = await synced();
    for (let time = 0; time < 6; time++) {
      await reverse(world, 1, left);
      expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
      expect(world.state).toMatchObject({ unserved: [], health: { state: 'in-sync' } });
    }
    expect(world.state.contested).toHaveLength(1);
  });

  test('is put back when its service becomes unserved while the object is left alone', async () => {
    const world = await synced();
    await reverse(world, 3);
    expect(world.state.health.state).toBe('contested');
    await world.foreign(
      tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 0 } } }),
    );
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });

  test('is not in sync while it is left alone, and a reload tries it at once', async () => {
    const world = await synced();
    await reverse(world, 3);
    expect(world.state).toMatchObject({
      drift: { changes: [{ object: 'destination' }] },
      health: {
        state: 'contested',
        why: ['another program keeps changing tcp://192.0.2.2:80 10.0.0.3:80, which is left alone'],
      },
    });
    const reload = world.loop.reload();
    await world.clock.advance(0);
    expect(await reload).toMatchObject({ outcome: 'applied', report: { done: 1 } });
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
    expect(world.state.health).toMatchObject({ state: 'in-sync', why: [] });
    await world.foreign(MOVED);
    await world.clock.advance(5000);
    expect(world.state.contested).toMatchObject([{ delay: 2 * MINUTE }]);
  });

  test('is never the whole table: that is put back at once, however often it is lost', async () => {
    const settings = { timeouts: { tcp: 60 } };
    const wanted = tableOf(
      { 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } },
      settings,
    );
    const world = await new LoopWorld(wanted, wholly(wanted)).begin();
    for (let time = 0; time < 6; time++) {
      await reverse(world, 1, { ...EMPTY, timeouts: { tcp: 900, tcpFin: 120, udp: 300 } });
      expect(isSameTable(world.ipvs.table(), wanted)).toBe(true);
    }
    expect(world.state.contested).toEqual([]);
    expect(world.state.totals.drifted).toBe(18);
  });

  test('comes back with its service when the whole table is lost', async () => {
    const world = await synced();
    await reverse(world, 3);
    await world.foreign(EMPTY);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
    expect(world.state.contested).toMatchObject([
      { name: 'tcp://192.0.2.2:80 10.0.0.3:80', reversals: 3 },
    ]);
  });

  test('can be the settings of a service, which is added again when it is lost', async () => {
    const world = await synced();
    await reverse(
      world,
      3,
      tableWith({ 'tcp://192.0.2.2:80': { scheduler: 'rr', destinations: { '10.0.0.3:80': 1 } } }),
    );
    expect(world.state.contested).toMatchObject([
      { name: 'tcp://192.0.2.2:80 settings', leave: 'as-is' },
    ]);
    await world.foreign(EMPTY);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), WANTED)).toBe(true);
  });

  test('can be a service that the program adds', async () => {
    const world = await synced();
    const stray = tableWith({
      'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 1 } },
      'udp://192.0.2.9:53': { destinations: { '10.0.0.3:53': 1 } },
    });
    await reverse(world, 3, stray);
    expect(world.state.contested).toMatchObject([{ name: 'udp://192.0.2.9:53' }]);
    expect(isSameTable(world.ipvs.table(), stray)).toBe(true);
  });

  test('can be the timeouts or a daemon', async () => {
    const settings = { timeouts: { tcp: 60 }, daemons: [daemonOf('master')] };
    const wanted = tableOf(
      { 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } },
      settings,
    );
    const changed = { ...wanted, timeouts: { ...wanted.timeouts, tcp: 90 }, daemons: [] };
    const world = await new LoopWorld(wanted, wholly(wanted)).begin();
    await reverse(world, 3, changed);
    expect(world.state.contested.map(({ name }) => name)).toEqual([
      'master sync daemon',
      'timeouts',
    ]);
    expect(isSameTable(world.ipvs.table(), changed)).toBe(true);
  });
});

describe('a pass for drift that takes long', () => {
  /**
   * Makes every read of the whole table that can be ended last until it is ended.
   */
  const slow = (options: { readonly isSlow: () => boolean }) => ({
    port: (ipvs: Ipvs): Ipvs => ({
      ...ipvs,
      read: (which = {}) => {
        const { signal } = which;
        if (!options.isSlow() || !signal) return ipvs.read(which);
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new IpvstateError('ABORTED', 'ended')), {
            once: true,
          });
        });
      },
    }),
  });

  test('makes way for changed files, and follows later', async () => {
    let isSlow = false;
    const world = await synced(slow({ isSlow: () => isSlow }));
    isSlow = true;
    await world.foreign(MOVED);
    await world.clock.advance(5000);
    expect(world.state.phase).toBe('running');
    const passes = world.passes.length;
    await world.write(REWEIGHTED);
    expect(isSameTable(world.ipvs.table(), REWEIGHTED)).toBe(true);
    expect(world.passes.slice(passes)).toMatchObject([{ triggers: ['file'], outcome: 'applied' }]);
    expect(world.state).toMatchObject({ phase: 'waiting', failures: 0 });
    isSlow = false;
    await world.foreign(MOVED);
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), REWEIGHTED)).toBe(true);
  });

  test('is the only kind of pass whose reads can be ended', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const port = (ipvs: Ipvs): Ipvs => ({
      ...ipvs,
      read: (which = {}) => {
        signals.push(which.signal);
        return ipvs.read(which);
      },
    });
    const world = await synced({ port });
    await world.write(REWEIGHTED);
    await world.loop.reload();
    await world.clock.advance(301_000);
    expect(world.passes.at(-1)?.triggers).toEqual(['resync']);
    expect(signals.length).toBeGreaterThan(3);
    expect(signals.filter((signal) => signal !== undefined)).toEqual([]);
  });
});

describe('a resync that takes long', () => {
  const SLOW_MILLISECONDS = 3000;

  /** A world in which each full read is slow, and the times at which such a read began. */
  async function slowWorld() {
    const reads: number[] = [];
    let isSlow = false;
    const world = await synced({
      port: (ipvs) => ({
        ...ipvs,
        read: async (which = {}) => {
          if (!isSlow) return ipvs.read(which);
          reads.push(world.clock.now());
          await new Promise<void>((resolve) => world.clock.after(SLOW_MILLISECONDS, resolve));
          return ipvs.read(which);
        },
      }),
    });
    isSlow = true;
    return { world, reads };
  }

  test('comes less often, but at least every half hour', async () => {
    const { world, reads } = await slowWorld();
    await world.clock.advance(301_000 + SLOW_MILLISECONDS);
    const { length } = reads;
    await world.clock.advance(1_790_000);
    expect(reads.length).toBe(length);
    await world.clock.advance(20_000);
    expect(reads.length).toBeGreaterThan(length);
  });

  test('comes as often as before when it only waits for a busy machine', async () => {
    const { world, reads } = await slowWorld();
    world.clock.isMachineBusy = true;
    await world.clock.advance(301_000 + SLOW_MILLISECONDS);
    const { length } = reads;
    await world.clock.advance(301_000 + SLOW_MILLISECONDS);
    expect(reads.length).toBeGreaterThan(length);
  });
});
