import { describe, expect, test } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import type { Desired } from '../../src/model/desired.ts';
import { scope } from '../../src/plan/scope.ts';
import {
  type ConfigState,
  removesAnything,
  seeFiles,
  UNSEEN,
} from '../../src/reconcile/loop/config-state.ts';
import type { Leave } from '../../src/reconcile/loop/contest.ts';
import { withoutContested } from '../../src/reconcile/loop/contest.ts';
import { loaded, MISSING, tableWith } from '../support/loop-world.ts';
import { daemonOf, desiredOf, keyOf, servicesOf, tableOf, wholly } from '../support/tables.ts';

const ONE = tableWith({});
const TWO = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 1 } } });
const wanted = (services: Parameters<typeof servicesOf>[0], rest: Partial<Desired> = {}) =>
  desiredOf(servicesOf(services), rest);
const POOL = { 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } } };
const managing = (
  exclude: readonly { readonly port: { readonly min: number; readonly max: number } }[],
) => ({
  policy: { manage: { include: undefined, exclude }, services: new Map(), sysctls: undefined },
});

describe('files remove something or not when they have', () => {
  test.each<[string, Desired, Desired, boolean]>([
    ['the same', wanted(POOL), wanted(POOL), false],
    ['a service more', wanted(POOL), wanted({ ...POOL, 'udp://192.0.2.1:53': {} }), false],
    ['a service less', wanted({ ...POOL, 'udp://192.0.2.1:53': {} }), wanted(POOL), true],
    [
      'a destination less',
      wanted(POOL),
      wanted({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } }),
      true,
    ],
    [
      'another destination instead',
      wanted(POOL),
      wanted({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.9:80': 1 } } }),
      true,
    ],
    [
      'another weight',
      wanted(POOL),
      wanted({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 0, '10.0.0.2:80': 1 } } }),
      false,
    ],
    [
      'daemons named for the first time',
      wanted(POOL),
      wanted(POOL, { daemons: [daemonOf('master')] }),
      true,
    ],
    [
      'a daemon less',
      wanted(POOL, { daemons: [daemonOf('master')] }),
      wanted(POOL, { daemons: [] }),
      true,
    ],
    [
      'a daemon more',
      wanted(POOL, { daemons: [] }),
      wanted(POOL, { daemons: [daemonOf('backup')] }),
      false,
    ],
    [
      'daemons no longer named',
      wanted(POOL, { daemons: [daemonOf('master')] }),
      wanted(POOL),
      false,
    ],
    [
      'more services to manage',
      wanted(POOL, managing([{ port: { min: 1, max: 9 } }])),
      wanted(POOL),
      true,
    ],
    [
      'the same services to manage',
      wanted(POOL, managing([{ port: { min: 1, max: 9 } }])),
      wanted(POOL, managing([{ port: { min: 1, max: 9 } }])),
      false,
    ],
  ])('%s', (_, previous, next, expected) => {
    expect(removesAnything(previous, next)).toBe(expected);
  });
});

describe('the state of the files', () => {
  const see = (
    ...looks: readonly (readonly [Parameters<typeof loaded>[0] | IpvstateError, number])[]
  ): ConfigState =>
    looks.reduce(
      (state, [content, now]) =>
        seeFiles(state, content instanceof IpvstateError ? content : loaded(content), now, 250),
      UNSEEN,
    );

  test('is the same object when nothing is new', () => {
    const good = see([ONE, 0], [ONE, 250]);
    expect(seeFiles(good, loaded(ONE), 500, 250)).toBe(good);
    const held = see([TWO, 0], [TWO, 250], [ONE, 300]);
    expect(seeFiles(held, loaded(ONE), 549, 250)).toBe(held);
    const bad = see(['nonsense', 0]);
    expect(seeFiles(bad, loaded('nonsense'), 500, 250)).toBe(bad);
    const missing = see([MISSING, 0]);
    expect(seeFiles(missing, MISSING, 500, 250)).toBe(missing);
  });

  test('forgets files that await a second read when other files are read', () => {
    expect(see([TWO, 0], [TWO, 250], [ONE, 300], ['nonsense', 310], [ONE, 600])).toMatchObject({
      held: { since: 600 },
    });
    expect(see([TWO, 0], [TWO, 250], [ONE, 300], [TWO, 310])).toMatchObject({
      held: undefined,
      valid: true,
    });
  });

  test('has the hashes of invalid files and the digest of the valid ones in force', () => {
    const state = see([ONE, 0], [ONE, 250], ['nonsense', 300]);
    expect(state).toMatchObject({
      seen: 'nonsense',
      files: [{ path: 'c.yaml', sha256: 'nonsense' }],
      problem: { since: 300 },
    });
    expect(state.good?.digest).toBe(loaded(ONE).digest);
  });
});

describe('a contested part', () => {
  const snapshot = (table: typeof ONE) => ({
    table,
    counters: new Map(),
    unmanageable: [],
    sysctls: new Map(),
  });
  const held = (leave: Leave) => new Map([[keyOf('tcp://192.0.2.2:80'), leave]]);

  const other = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 9 } } });

  test.each<[string, Leave, typeof ONE, typeof ONE]>([
    ['stays as it is', 'as-is', other, other],
    ['is added again when another program deleted it', 'as-is', ONE, TWO],
    ['stays absent when its absence is contested', 'absent', ONE, ONE],
    ['stays as it is when another program added it again', 'absent', other, other],
  ])('%s', (_, leave, live, expected) => {
    const { table } = scope(withoutContested(wholly(TWO), held(leave)), snapshot(live));
    expect(table.services).toEqual(expected.services);
  });

  test('does not keep another service or the settings from being corrected', () => {
    const stray = tableWith({
      'udp://192.0.2.9:53': {},
      'tcp://192.0.2.2:80': { scheduler: 'rr' },
    });
    const live = { ...stray, timeouts: { tcp: 1, tcpFin: 2, udp: 3 } };
    const { table } = scope(withoutContested(wholly(TWO), held('as-is')), snapshot(live));
    expect([...table.services.keys()].sort()).toEqual(['tcp://192.0.2.1:80', 'tcp://192.0.2.2:80']);
    expect(table.services.get(keyOf('tcp://192.0.2.2:80'))?.service.scheduler).toBe('rr');
    expect(table.timeouts).toEqual(TWO.timeouts);
  });

  test('can be settings', () => {
    const settings = { timeouts: { tcp: 60 }, daemons: [daemonOf('master')] };
    const desired = withoutContested(
      wholly(tableOf(POOL, settings)),
      new Map(
        (['timeouts', 'daemons', 'sysctls'] as const).map((part) => [part, 'as-is'] as const),
      ),
    );
    expect(desired).toMatchObject({
      timeouts: {},
      daemons: undefined,
      policy: { sysctls: undefined },
    });
  });

  test('changes nothing in the desired table when there is none', () => {
    const desired = wholly(TWO);
    expect(withoutContested(desired, new Map())).toBe(desired);
  });
});
