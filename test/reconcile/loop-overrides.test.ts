import { describe, expect, it } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import { drainKey } from '../../src/model/drain.ts';
import type { DestinationHealth, HealthStates } from '../../src/model/health.ts';
import {
  NO_OVERRIDES,
  type Override,
  type OverrideRecord,
  type OverrideStore,
} from '../../src/model/override.ts';
import type { Table } from '../../src/model/table.ts';
import { runOverride } from '../../src/reconcile/override.ts';
import { CHECKED } from '../support/checked.ts';
import { type Content, LoopWorld, tableWith, type WorldOptions } from '../support/loop-world.ts';
import { memoryPause } from '../support/memory-pause.ts';
import { desiredOf, destinationKeyOf, keyOf } from '../support/tables.ts';

const WEB = 'tcp://192.0.2.2:80';
const tableOfWeight = (weight: number): Table =>
  tableWith({ [WEB]: { destinations: { '10.0.0.3:80': weight, '10.0.0.4:80': 1 } } });

const drain = (rest: Partial<Override>): Override => ({
  service: keyOf(WEB),
  destination: '10.0.0.3:80',
  weight: 0,
  by: 'alice',
  reason: '',
  since: '2026-05-04T12:00:00.000Z',
  ...rest,
});

/** A loop whose overrides are in memory, on the clock of the loop. */
async function worldWith(
  overrides: readonly Override[],
  { drift, ...options }: WorldOptions = {},
  live = tableOfWeight(3),
  wanted: Content = tableOfWeight(3),
) {
  let record: OverrideRecord = { overrides, held: new Map() };
  let failure: Error | undefined;
  let clock: LoopWorld['clock'] | undefined;
  const store: OverrideStore = {
    now: () => (clock?.now() ?? 0) / 1000,
    date: () => new Date(0),
    read: async () => {
      if (failure) throw failure;
      return record;
    },
    write: async (next) => {
      record = next;
    },
  };
  const world = new LoopWorld(live, wanted, {
    ...(drift && { drift }),
    ...options,
    reconciling: { ...options.reconciling, overrides: store },
  });
  clock = world.clock;
  await world.begin();
  return {
    world,
    fail: (error: Error | undefined) => {
      failure = error;
    },
    store,
    record: () => record,
    change: (next: readonly Override[]) => {
      record = { ...record, overrides: next };
    },
    weight: () =>
      world.ipvs.table().services.get(keyOf(WEB))?.destinations.get(destinationKeyOf('10.0.0.3:80'))
        ?.weight,
  };
}

describe('an override in the loop', () => {
  it('ends at its time, by a pass with its own trigger', async () => {
    const { world, weight, record } = await worldWith([drain({ endSeconds: 60 })]);
    expect([weight(), world.state.overrides.length]).toEqual([0, 1]);
    await world.clock.advance(59_000);
    expect(weight()).toBe(0);
    await world.clock.advance(1000);
    expect([weight(), world.state.overrides.length]).toEqual([3, 0]);
    expect(world.passes.at(-1)?.triggers).toEqual(['override']);
    expect(world.state.totals).toMatchObject({ drifted: 0, corrections: 0 });
    expect(record()).toEqual(NO_OVERRIDES);
  });

  it('is kept past its time by the guard while it alone serves its service', async () => {
    const unused = tableWith({ [WEB]: { destinations: { '10.0.0.3:80': 0, '10.0.0.4:80': 0 } } });
    const serving = [drain({ weight: 5, endSeconds: 60 })];
    const { world, weight } = await worldWith(serving, {}, unused, unused);
    expect(weight()).toBe(5);
    const { length } = world.passes;
    await world.clock.advance(120_000);
    expect([weight(), world.state.lastPass?.outcome]).toEqual([5, 'refused']);
    expect(world.state.refused?.refusals.map(({ guard }) => guard)).toEqual(['unserved']);
    expect(world.passes.length - length).toBeLessThan(40);
    await world.write(tableOfWeight(3));
    expect([weight(), world.state.refused]).toEqual([3, undefined]);
  });

  it('changes nothing else at its end: a later pass corrects what another program did', async () => {
    const { world, weight } = await worldWith([drain({ endSeconds: 60 })], {
      timing: { interval: 50_000 },
    });
    const other = (): number | undefined =>
      world.ipvs.table().services.get(keyOf(WEB))?.destinations.get(destinationKeyOf('10.0.0.4:80'))
        ?.weight;
    await world.clock.advance(55_000);
    await world.foreign(
      tableWith({ [WEB]: { destinations: { '10.0.0.3:80': 0, '10.0.0.4:80': 7 } } }),
    );
    await world.clock.advance(6000);
    expect([weight(), other()]).toEqual([3, 7]);
    expect(world.passes.at(-1)?.triggers).toEqual(['override']);
    await world.clock.advance(50_000);
    expect([weight(), other()]).toEqual([3, 1]);
    expect(world.state.totals).toMatchObject({ drifted: 1, corrections: 1 });
  });

  it('moves in steps of a ramp, a second apart at least, and needs no pass afterwards', async () => {
    const ramp = { from: 3, sinceSeconds: 0.25, seconds: 20 };
    const { world, weight } = await worldWith([drain({ weight: 33, ramp })]);
    const seen: (number | undefined)[] = [];
    for (let second = 0; second < 21; second++) {
      await world.clock.advance(1000);
      seen.push(weight());
    }
    expect(seen.at(-1)).toBe(33);
    expect(seen).toEqual([...seen].sort((a, b) => (a ?? 0) - (b ?? 0)));
    expect(world.ipvs.waves.length).toBeLessThanOrEqual(20);
    const { length } = world.passes;
    await world.clock.advance(10_000);
    expect(world.passes.slice(length).flatMap(({ triggers }) => triggers)).not.toContain(
      'override',
    );
  });

  it('stays known while its service is left alone, contested or paused', async () => {
    const { world, change } = await worldWith([drain({ endSeconds: 500 })], {
      pauses: memoryPause(),
    });
    for (let time = 0; time < 4; time++) {
      await world.foreign(
        tableWith({ [WEB]: { destinations: { '10.0.0.3:80': 0, '10.0.0.4:80': 7 } } }),
      );
      await world.clock.advance(5000);
    }
    expect(world.state.health.state).toBe('contested');
    expect(world.state.overrides).toMatchObject([{ destination: '10.0.0.3:80', weight: 0 }]);
    void world.loop.pause({ who: 'alice', reason: undefined, seconds: undefined, only: [WEB] });
    await world.clock.advance(5000);
    expect(world.state.overrides).toHaveLength(1);
    change([]);
    await world.clock.advance(500_000);
    expect(world.state.overrides).toEqual([]);
  });

  it('makes each pass fail while its record cannot be read', async () => {
    const { world, fail, weight } = await worldWith([drain({ endSeconds: 60 })]);
    fail(new IpvstateError('IO', 'overrides.json cannot be read (EIO)'));
    await world.clock.advance(61_000);
    expect([world.state.health.state, weight()]).toEqual(['failed', 0]);
    fail(undefined);
    await world.clock.advance(120_000);
    expect([world.state.health.state, weight()]).toEqual(['in-sync', 3]);
  });

  it.each(['report', 'off'] as const)(
    'is settled in time with drift %s, however often the loop looks',
    async (drift) => {
      const settled: number[] = [];
      const { world } = await worldWith(
        [drain({ endSeconds: 60 })],
        {
          drift,
          timing: { interval: 200 },
          settleOverrides: async () => {
            settled.push(world.clock.now());
            return { report: undefined };
          },
        },
        tableOfWeight(9),
      );
      await world.clock.advance(59_000);
      expect(settled).toEqual([]);
      await world.clock.advance(1100);
      expect(settled).toHaveLength(1);
    },
  );

  it('that ends while its service is paused gives the weight from before back afterwards', async () => {
    const { services } = tableOfWeight(3);
    const preserve = new Map([
      [destinationKeyOf('10.0.0.3:80'), { weight: true, thresholds: false }],
    ]);
    const policy = {
      manage: undefined,
      sysctls: undefined,
      services: new Map([[keyOf(WEB), { protect: false, drain: undefined, preserve }]]),
    };
    // The file says 3, and a health checker has set 7.
    const { world, weight, record } = await worldWith(
      [drain({ endSeconds: 60 })],
      { pauses: memoryPause() },
      tableOfWeight(7),
      desiredOf(services, { policy }),
    );
    expect([weight(), [...record().held.values()]]).toEqual([0, [7]]);
    const pause = world.loop.pause({
      who: 'bob',
      reason: undefined,
      seconds: undefined,
      only: [WEB],
    });
    await world.clock.advance(0);
    await pause;
    await world.clock.advance(400_000);
    expect(weight()).toBe(0);
    const resume = world.loop.resume();
    await world.clock.advance(0);
    await resume;
    expect(weight()).toBe(7);
    expect(record()).toEqual(NO_OVERRIDES);
  });

  it('that could not be ended is tried again every few seconds', async () => {
    let settled = 0;
    const { world, change } = await worldWith([drain({ endSeconds: 60 })], {
      drift: 'report',
      settleOverrides: async () => {
        settled++;
        return { report: undefined };
      },
    });
    await world.clock.advance(90_000);
    expect(settled).toBeGreaterThan(3);
    change([]);
    await world.clock.advance(10_000);
    const before = settled;
    await world.clock.advance(60_000);
    expect(settled).toBe(before);
  });
});

describe('after an override of an unhealthy destination, a change by health is no drift', () => {
  const checked = (health: DestinationHealth) => {
    const destinations = new Map([[destinationKeyOf('10.0.0.3:80'), health]]);
    const rules = { maxUnhealthy: undefined, fallback: new Map(), destinations };
    const policy = { protect: false, drain: undefined, preserve: new Map(), health: rules };
    return desiredOf(tableOfWeight(3).services, {
      policy: { manage: undefined, sysctls: undefined, services: new Map([[keyOf(WEB), policy]]) },
    });
  };
  const healthOf = (isHealthy: boolean): HealthStates =>
    new Map([
      [
        drainKey(keyOf(WEB), destinationKeyOf('10.0.0.3:80')),
        { isHealthy, sinceSeconds: 0, reason: isHealthy ? '' : 'refused' },
      ],
    ]);

  it('when the override ends by itself, and the destination answers again', async () => {
    let states = healthOf(false);
    const health = { now: () => 0, isChecking: true, read: async () => states };
    const { world, weight } = await worldWith(
      [drain({ weight: 5, endSeconds: 60 })],
      { reconciling: { health } },
      tableOfWeight(3),
      checked(CHECKED),
    );
    expect(weight()).toBe(5);
    await world.clock.advance(61_000);
    expect(weight()).toBe(0);
    states = healthOf(true);
    world.loop.healthChanged();
    await world.clock.advance(0);
    expect(weight()).toBe(3);
    expect(world.state.totals).toMatchObject({ drifted: 0, corrections: 0, reversals: 0 });
  });

  it('when a command ends the override, and health removes the destination', async () => {
    const health = { now: () => 0, isChecking: true, read: async () => healthOf(false) };
    const desired = checked({ ...CHECKED, onFailure: 'remove' });
    const { world, weight, store } = await worldWith(
      [drain({ weight: 5 })],
      { reconciling: { health } },
      tableOfWeight(3),
      desired,
    );
    expect(weight()).toBe(5);
    const selector = { service: null, destinations: [] };
    const end = { kind: 'end', selector, drainsOnly: false, owner: null, by: 'bob' } as const;
    const ended = world.loop.between(() =>
      runOverride(world.ipvs, desired, end, { overrides: store, health }),
    );
    await world.clock.advance(0);
    expect((await ended).effect.ended).toHaveLength(1);
    expect(weight()).toBeUndefined();
    const target = { service: WEB, destinations: ['10.0.0.3'] };
    const set = { kind: 'set', selector: target, weight: 0, rampSeconds: null } as const;
    const request = { ...set, lastsSeconds: null, reason: '', owner: null, by: 'bob' };
    const drained = world.loop.between(() =>
      runOverride(world.ipvs, desired, request, { overrides: store, health }),
    );
    await world.clock.advance(0);
    const key = drainKey(keyOf(WEB), destinationKeyOf('10.0.0.3:80'));
    expect((await drained).absent).toEqual([{ key, unhealthy: 'refused' }]);
    expect(world.state.totals).toMatchObject({ drifted: 0, corrections: 0, reversals: 0 });
  });
});

describe('work between two passes', () => {
  it('is done while no pass runs, in its order, and a pass follows', async () => {
    const { world } = await worldWith([]);
    const done: string[] = [];
    const { length } = world.passes;
    const both = Promise.all(
      ['first', 'second'].map((name) =>
        world.loop.between(async () => {
          done.push(name);
          return { report: undefined, phase: world.state.phase };
        }),
      ),
    );
    await world.clock.advance(0);
    expect((await both).map(({ phase }) => phase)).toEqual(['waiting', 'waiting']);
    expect(done).toEqual(['first', 'second']);
    expect(world.passes.length).toBeGreaterThan(length);
    expect(world.overlaps).toBe(0);
  });

  it('that throws rejects for its caller alone, and the loop goes on', async () => {
    const { world } = await worldWith([]);
    const work = world.loop.between(async () => {
      throw new IpvstateError('USAGE', 'there is no service shpo');
    });
    const caught = work.catch((error: Error) => error.message);
    await world.clock.advance(0);
    expect(await caught).toBe('there is no service shpo');
    expect(world.state.health.state).toBe('in-sync');
  });

  it('is refused by a loop that was stopped', async () => {
    const { world } = await worldWith([]);
    await world.loop.stop();
    await expect(world.loop.between(async () => ({ report: undefined }))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});
