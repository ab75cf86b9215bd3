import { describe, expect, it, onTestFinished } from 'vitest';
import { FleetOverrides } from '../../src/daemon/fleet/fleet-overrides.ts';
import { createLog } from '../../src/daemon/log/log.ts';
import { IpvstateError } from '../../src/errors.ts';
import type { KnownFleetOverride, Override } from '../../src/model/override.ts';
import { INITIAL_STATE, type LoopState } from '../../src/reconcile/loop/loop-state.ts';
import { openEtcd } from '../../src/sources/etcd/client.ts';
import { setFleetOverride } from '../../src/sources/etcd/fleet-overrides.ts';
import { encodeCurrent } from '../../src/sources/etcd/layout.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { desiredOf } from '../support/tables.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const SINCE = '2026-11-30T12:00:00.000Z';
const KEYS = '/prod/overrides/';

/** The state of a director with a generation in force. */
function stateWith(generation: number, rest: Partial<LoopState> = {}): LoopState {
  const files = [{ path: `etcd:/prod@generation ${generation}: a.yaml`, sha256: 'x' }];
  const good = {
    ...{ desired: desiredOf(new Map()), digest: String(generation), files, since: 0, issues: [] },
  };
  return { ...INITIAL_STATE, config: { ...INITIAL_STATE.config, good, files }, ...rest };
}

/** A director that follows the overrides of its fleet, on a table that does what a test says. */
async function director(kept?: readonly KnownFleetOverride[]) {
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const current = (generation: number): void =>
    etcd.put('/prod/current', encodeCurrent({ generation, sha256: 'a'.repeat(64) }).toString());
  current(1);
  const clock = new VirtualClock();
  const client = openEtcd({ hosts: [etcd.host], prefix: '/prod' }, {});
  const lines: string[] = [];
  const world = {
    ...{ state: stateWith(1), stored: [] as readonly Override[], kept },
    /** Why a guard refuses overrides. */
    refuses: (_: readonly Override[]): string | undefined => undefined,
    attempts: 0,
  };
  const fleet = new FleetOverrides({
    ...{ client, prefix: '/prod', clock, random: () => 0.5 },
    log: createLog({ format: 'journal', level: 'info', write: (text) => lines.push(text) }),
    kept: {
      read: async () => world.kept,
      write: async (known) => {
        world.kept = known;
      },
    },
    now: () => clock.now() / 1000,
    date: () => new Date(Date.parse(SINCE) + clock.now()),
    state: () => world.state,
    table: {
      readFleet: async () => world.stored,
      replaceFleet: async (overrides) => {
        world.attempts++;
        const why = world.refuses(overrides);
        if (why === undefined) world.stored = overrides;
        return why;
      },
    },
    onChange: () => {},
  });
  const first = await fleet.open();
  world.stored = first;
  fleet.start();
  onTestFinished(async () => {
    const closed = fleet.close();
    await clock.advance(100_000);
    await closed;
  });
  /** Moves the time until a condition holds. */
  const passUntil = (what: string, holds: () => boolean) =>
    until(what, async () => {
      await clock.advance(1000);
      return holds();
    });
  const set = (destination: string, seconds: number | null, rest = {}) => {
    const about = { by: 'alice@ci', reason: '', since: SINCE, until: null };
    const override = { service: null, destination, weight: 0, ...about, ...rest };
    return setFleetOverride(client, '/prod', override, seconds);
  };
  const stored = () => world.stored.map(({ destination }) => destination).join();
  const stages = () => fleet.report.map(({ stage }) => stage).join();
  return { etcd, clock, fleet, world, lines, passUntil, set, stored, stages, current, first };
}

describe('the overrides of a fleet', () => {
  it('are those of etcd, with the end that their leases tell', async () => {
    const { set, stored, passUntil, world, etcd, clock, stages } = await director();
    await set('10.0.0.1', 600);
    await set('10.0.0.2', null, { weight: 5, reason: 'new kernel' });
    await passUntil('both are stored', () => stored().length === 17);
    const [one, two] = [...world.stored].sort((a, b) => a.weight - b.weight);
    expect(one).toMatchObject({ owner: 'fleet', by: 'alice@ci', weight: 0 });
    expect(one?.endSeconds).toBeGreaterThan(590);
    expect(one?.endSeconds).toBeLessThanOrEqual(601 + clock.now() / 1000);
    expect(two).toEqual({
      ...{ service: null, destination: '10.0.0.2', weight: 5, owner: 'fleet' },
      ...{ by: 'alice@ci', reason: 'new kernel', since: SINCE },
    });
    await until('it reports both', () => stages() === 'in-effect,in-effect');
    etcd.expireLeases();
    await passUntil('one has ended', () => stored() === '10.0.0.2');
  });

  it('end by the clock of the director when a new leader of etcd prolongs a lease', async () => {
    const { set, stored, passUntil, etcd, stages, clock, world } = await director();
    await set('10.0.0.1', 600);
    await passUntil('it is stored', () => stored() === '10.0.0.1');
    const end = world.stored[0]?.endSeconds ?? 0;
    etcd.prolongLeases(6000);
    await clock.advance(1000 * (end - clock.now() / 1000));
    expect(stages()).toBe('over');
    await passUntil('the next look does not take it again', () => stored() === '');
    expect(etcd.keys().filter((key) => key.startsWith(KEYS))).toHaveLength(1);
    await set('10.0.0.1', 600);
    await passUntil('a new word about it counts', () => stored() === '10.0.0.1');
  });

  it.each([
    ['was created anew, empty', (etcd: FakeEtcd) => etcd.clear()],
    ['was put back to an old backup', (_: FakeEtcd, current: (n: number) => void) => current(4)],
    ['is away', (etcd: FakeEtcd) => etcd.stop()],
  ])('stay when etcd %s', async (_, loses) => {
    const { set, stored, passUntil, etcd, fleet, world, current, lines } = await director();
    current(7);
    world.state = stateWith(7);
    await set('10.0.0.1', null);
    await passUntil('it is stored', () => stored() === '10.0.0.1');
    for (const key of etcd.keys()) if (key.startsWith(KEYS)) etcd.delete(key);
    await loses(etcd, current);
    await passUntil('it says so', () => fleet.problem !== undefined);
    expect(stored()).toBe('10.0.0.1');
    expect(lines.at(-1)).toMatch(/^<4>the last known drains stay: /);
  });

  it('that are damaged are named, and leave the one from before', async () => {
    const { set, stored, passUntil, etcd, lines, fleet, clock } = await director();
    await set('10.0.0.1', null);
    await passUntil('it is stored', () => stored() === '10.0.0.1');
    const [key = ''] = etcd.keys().filter((each) => each.startsWith(KEYS));
    const hostile = { service: 'tcp://192.0.2.1:80\u001b[2J', destination: '10.0.0.1' };
    const document = { format: 'ipvstate-fleet-override', version: 1, ...hostile };
    etcd.put(key, JSON.stringify(document));
    etcd.put(`${KEYS}x`, 'x');
    await passUntil('it says so', () => lines.length >= 2);
    const before = fleet.report;
    await clock.advance(100_000);
    await passUntil('it looks again', () => etcd.rangeCount(KEYS) > 0);
    expect(lines).toEqual([
      `<4>etcd:${key} is damaged: the one from before stays\n`,
      `<4>etcd:${KEYS}x is no ipvstate-fleet-override: it is not in effect\n`,
    ]);
    expect([stored(), fleet.report]).toEqual(['10.0.0.1', before]);
  });

  it('that a guard refuses hold back no others, and are tried again when something changed', async () => {
    const { set, stored, passUntil, world, fleet, lines } = await director();
    const unserved = 'the plan leaves 1 served service without a usable destination';
    world.refuses = (all) =>
      all.some(({ destination }) => destination === '10.0.0.9') ? unserved : undefined;
    await set('10.0.0.1', null);
    await set('10.0.0.9', null);
    await passUntil('one is stored', () => stored() === '10.0.0.1' && fleet.held.length === 1);
    expect(fleet.held).toEqual([{ service: null, destination: '10.0.0.9', why: unserved }]);
    await set('10.0.0.2', null);
    await passUntil('another one is stored', () => world.stored.length === 2);
    expect(lines.filter((line) => line.includes(unserved))).toHaveLength(1);
    const before = world.attempts;
    fleet.changed();
    await passUntil('nothing is tried again', () => true);
    expect(world.attempts).toBe(before);
    world.refuses = () => undefined;
    world.state = stateWith(2);
    fleet.changed();
    await passUntil('all are stored', () => world.stored.length === 3);
    expect(fleet.held).toEqual([]);
  });

  it('wait while the daemon is paused, or has no configuration', async () => {
    const { set, stored, passUntil, world, fleet } = await director();
    const pause = { who: 'alice', sinceSeconds: 0, reason: undefined };
    world.state = stateWith(1, { pause } as Partial<LoopState>);
    await set('10.0.0.1', null);
    await passUntil('it is held', () => fleet.held[0]?.why === 'the daemon is paused');
    world.state = INITIAL_STATE;
    fleet.changed();
    await passUntil('it is held', () => fleet.held[0]?.why === 'no configuration is in force');
    expect(world.attempts).toBe(0);
    world.state = stateWith(1);
    fleet.changed();
    await passUntil('it is stored', () => stored() === '10.0.0.1');
  });

  it('that were ended are ended as soon as there is a configuration, which comes later', async () => {
    const { set, stored, passUntil, world, etcd, fleet } = await director();
    await set('10.0.0.1', null);
    await passUntil('it is stored', () => stored() === '10.0.0.1');
    world.state = INITIAL_STATE;
    for (const key of etcd.keys()) if (key.startsWith(KEYS)) etcd.delete(key);
    await passUntil('it is not known any more', () => fleet.report.length === 0);
    expect(stored()).toBe('10.0.0.1');
    world.state = stateWith(1);
    fleet.changed();
    await until('it has ended', () => stored() === '');
  });

  it('that could not be applied are tried again at the next look', async () => {
    const { set, stored, passUntil, world, fleet, clock } = await director();
    world.refuses = () => {
      throw new IpvstateError('LOCKED', 'another ipvstate is writing');
    };
    await set('10.0.0.1', null);
    await passUntil('it is held', () => fleet.held[0]?.why === 'another ipvstate is writing');
    const before = world.attempts;
    for (let pass = 0; pass < 5; pass++) fleet.changed();
    await clock.advance(100);
    expect(world.attempts).toBe(before);
    world.refuses = () => undefined;
    await passUntil('it is stored', () => stored() === '10.0.0.1');
  });

  it('of before are there again at the start, but for those that were not in effect', async () => {
    const known = (id: string, isInEffect: boolean, endSeconds: number): KnownFleetOverride => ({
      ...{ id, revision: '1', isInEffect },
      override: {
        ...{ service: null, destination: `10.0.0.${id}`, weight: 0, owner: 'fleet' },
        ...{ by: 'alice', reason: '', since: SINCE, endSeconds },
      },
    });
    const kept = [known('1', true, 60), known('2', false, 60), known('3', true, 0)];
    const { first, passUntil, stored } = await director(kept);
    expect(first.map(({ destination }) => destination)).toEqual(['10.0.0.1']);
    await passUntil('etcd, which has none, ends them', () => stored() === '');
  });
});
