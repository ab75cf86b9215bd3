import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { ServiceSummary } from '../../../src/daemon/api/documents.ts';
import { withoutList } from '../../../src/daemon/api/kernel-readings.ts';
import { viewServices } from '../../../src/daemon/api/services-document.ts';
import { IpvstateError } from '../../../src/errors.ts';
import { serviceFingerprint } from '../../../src/plan/fingerprint.ts';
import type { DriftMode } from '../../../src/reconcile/loop/loop-state.ts';
import { trafficOf } from '../../../src/render/top/traffic.ts';
import { MISSING } from '../../support/loop-world.ts';
import { memoryPause } from '../../support/memory-pause.ts';
import { holds, isBrokenBy } from '../../support/properties.ts';
import { smallTables } from '../../support/small-tables.ts';
import { keyOf, tableOf } from '../../support/tables.ts';
import { ApiWorld } from './api-world.ts';

const SHOP = 'tcp://192.0.2.1:80';
const TABLE = tableOf({ [SHOP]: { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } } });
const AWAY = new IpvstateError('UNAVAILABLE', 'IPVS is away');

/** A world whose kernel can be away, for the loop or for the pages. */
class DarkWorld extends ApiWorld {
  isAway = false;

  constructor(live: typeof TABLE, content: typeof TABLE | 'nonsense', drift: DriftMode) {
    super(live, content, {
      drift,
      pauses: memoryPause(),
      misbehaviour: { failRead: () => (this?.isAway ? AWAY : undefined) },
      fingerprint: () => (this?.isAway ? Promise.reject(AWAY) : this.#look()),
    });
  }

  async #look(): Promise<string> {
    return [...this.ipvs.table().services.values()].map(serviceFingerprint).sort().join('\n');
  }
}

type Show = (world: DarkWorld) => Promise<readonly ServiceSummary[]>;

const asShown: Show = async (world) => {
  const page = await world.ask('/api/v1/services');
  return page.status === 200 ? JSON.parse(String(page.body)).services : [];
};

/** The services as they would be shown if each comparison held forever. */
const withoutDoubt: Show = async (world) => {
  const snapshot = { table: world.ipvs.table(), counters: new Map(), unmanageable: [] };
  const totals = trafficOf(snapshot, 'address').map(withoutList);
  const services = new Map(totals.map((own) => [own.service.key, own]));
  const last = { at: '', milliseconds: world.clock.now(), services };
  const view = viewServices(world.state, world.status(), last, undefined);
  return Array.from(view.keys, view.summary);
};

const tables = smallTables({ services: 2, hosts: 2 });

const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('file' as const, 'foreign' as const), table: tables }),
  fc.record({
    kind: fc.constantFrom(
      ...(['nonsense', 'missing', 'away', 'back', 'pages away', 'pages back'] as const),
      ...(['pause', 'pause one', 'resume'] as const),
    ),
  }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(world: DarkWorld, one: Step): Promise<void> {
  switch (one.kind) {
    case 'file':
      return world.write(one.table);
    case 'foreign':
      return world.foreign(one.table);
    case 'nonsense':
      return world.write('nonsense');
    case 'missing':
      return world.write(MISSING);
    case 'away':
    case 'back':
      world.isAway = one.kind === 'away';
      return;
    case 'pages away':
    case 'pages back':
      world.failure = one.kind === 'pages away' ? AWAY : undefined;
      return;
    case 'resume':
      world.loop.resume().catch(() => {});
      return;
    default: {
      const only = one.kind === 'pause' ? [] : [SHOP];
      const request = { who: 'alice', reason: undefined, seconds: undefined, only };
      // Before the first valid files, a pause of one service is refused.
      world.loop.pause(request).catch(() => {});
    }
  }
}

/** Tells whether a service is really as the files in force say, and somebody can know it. */
function isOk(world: DarkWorld, { service }: ServiceSummary): boolean {
  const key = keyOf(service);
  const live = world.ipvs.table().services.get(key);
  const desired = world.state.config.good?.desired.services.get(key);
  const isSame =
    live !== undefined &&
    desired !== undefined &&
    serviceFingerprint(live) === serviceFingerprint(desired);
  return isSame && !world.isAway && world.failure === undefined;
}

const okIsTrue = (show: Show) =>
  fc.asyncProperty(
    tables,
    fc.oneof(tables, fc.constant('nonsense' as const)),
    fc.constantFrom<DriftMode>('correct', 'report', 'off'),
    fc.array(step, { minLength: 1, maxLength: 6 }),
    async (live, content, drift, steps) => {
      const world = new DarkWorld(live, content, drift);
      for (const one of [undefined, ...steps]) {
        if (one) await take(world, one);
        // The loop looks at the kernel every 5 s.
        await world.clock.advance(6000);
        const shown = await show(world);
        if (shown.some((service) => service.state === 'ok' && !isOk(world, service))) return false;
        if (drift === 'off' && shown.some(({ state }) => state === 'ok')) return false;
      }
      return true;
    },
  );

describe('a service', () => {
  test('is ok only when the last comparison holds and found no difference', () =>
    holds(okIsTrue(asShown), 40));

  test('would be called ok wrongly if each comparison held forever', () =>
    isBrokenBy(okIsTrue(withoutDoubt), 500));

  const states = async (world: ApiWorld): Promise<readonly (readonly string[])[]> =>
    (await world.services()).services.map(({ state, notes }) => [state, ...notes]);

  it('is unknown before the files were read twice, and while they are not valid', async () => {
    const world = new DarkWorld(TABLE, TABLE, 'correct');
    await world.clock.advance(0);
    const early = 'not known yet: the files are read a second time before they are applied';
    expect(await states(world)).toEqual([['unknown', early]]);
    const invalid = await new DarkWorld(TABLE, 'nonsense', 'correct').begin();
    const never = 'not known: the files are not valid, and none were valid before';
    expect(await states(invalid)).toEqual([['unknown', never]]);
  });

  it('is unknown while passes fail, and is listed when only the files have it', async () => {
    const world = await new DarkWorld(tableOf({}), TABLE, 'correct').begin();
    expect(await states(world)).toEqual([['ok']]);
    world.isAway = true;
    await world.foreign(tableOf({}));
    await world.clock.advance(6000);
    const why = 'not known: the last pass ended as failed: IPVS is away';
    expect(await states(world)).toEqual([['unknown', why]]);
    const { services } = await world.services(`?service=${SHOP}`);
    expect(services[0]?.live).toBe(false);
    expect(services[0]?.destinations_list?.map(({ state }) => state)).toEqual([
      ...['unknown', 'unknown'],
    ]);
  });

  it('is unknown while the pages cannot read the kernel, or it does not answer', async () => {
    const world = await new DarkWorld(TABLE, TABLE, 'correct').begin();
    await world.services();
    world.failure = AWAY;
    await world.clock.advance(2000);
    expect(await states(world)).toEqual([
      ['unknown', 'not known: the kernel cannot be read: IPVS is away'],
    ]);
    world.failure = undefined;
    await world.clock.advance(2000);
    expect(await states(world)).toEqual([['ok']]);
    world.delay = new Promise(() => {});
    await world.clock.advance(2000);
    const early = states(world);
    await world.clock.advance(10_000);
    expect(await early).toEqual([['ok']]);
    const late = states(world);
    await world.clock.advance(2000);
    expect(await late).toEqual([
      ['unknown', 'not known: the kernel cannot be read: the kernel does not answer'],
    ]);
  });

  it('is unknown with --drift off, and the status says so although it is in sync', async () => {
    const world = await new DarkWorld(TABLE, TABLE, 'off').begin();
    const why = 'not known: with --drift off, no pass looks at the live table';
    expect(await states(world)).toEqual([['unknown', why]]);
    expect(await world.document('/api/v1/status')).toMatchObject({
      status: { health: 'in-sync' },
      problems: [`whether the services are as the files say is ${why}`],
    });
  });

  it('is unknown right after another program deleted it', async () => {
    const world = await new DarkWorld(TABLE, TABLE, 'correct').begin();
    await world.foreign(tableOf({}));
    await world.clock.advance(1000);
    expect(await states(world)).toEqual([
      ['unknown', 'not known yet: the kernel does not have it, and no pass has seen that'],
    ]);
  });
});
