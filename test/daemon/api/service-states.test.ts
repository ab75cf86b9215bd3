import { describe, expect, it } from 'vitest';
import type { ServiceSummary } from '../../../src/daemon/api/documents.ts';
import { NO_DRAINS } from '../../../src/model/drain.ts';
import type { Override } from '../../../src/model/override.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { memoryPause } from '../../support/memory-pause.ts';
import { desiredOf, destinationKeyOf, keyOf, tableOf, wholly } from '../../support/tables.ts';
import { ApiWorld } from './api-world.ts';

const SHOP = 'tcp://192.0.2.1:80';
const TABLE = tableOf({
  [SHOP]: { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } },
  'fwmark:7': { destinations: { '10.0.0.1:0': 1 } },
});

async function begin(...args: ConstructorParameters<typeof ApiWorld>): Promise<ApiWorld> {
  return (await new ApiWorld(...args).begin()) as ApiWorld;
}

async function shop(own: ApiWorld): Promise<ServiceSummary> {
  const { services } = await own.services();
  const found = services.find(({ service }) => service === SHOP);
  if (!found) throw new Error('no shop');
  return found;
}

async function details(own: ApiWorld): Promise<ServiceSummary> {
  const { services } = await own.services(`?service=${SHOP}`);
  return services[0] as ServiceSummary;
}

describe('the state of a service', () => {
  it('is held while a guard holds its change back, and the note says the change', async () => {
    const own = await begin(TABLE, TABLE);
    await own.write(tableOf({}));
    await own.clock.advance(1000);
    expect(await shop(own)).toMatchObject({
      state: 'held',
      notes: ['held back: the service is to be deleted'],
    });
  });

  it('is refused when the kernel refuses the service, which is not live then', async () => {
    const own = await begin(tableOf({}), TABLE, {
      misbehaviour: {
        refuse: (operation) =>
          operation.kind === 'add-service' && operation.service.key === SHOP ? 'ENOENT' : undefined,
      },
    });
    const { state, notes, live, destinations, usable, scheduler } = await shop(own);
    expect({ live, destinations, usable, scheduler }).toEqual({
      ...{ live: false, destinations: 0, usable: 0, scheduler: 'wlc' },
    });
    expect(state).toBe('unserved');
    expect(notes[0]).toBe('usable servers in the files and none in the kernel');
    expect(notes[1]).toContain('add-service');
  });

  it('is contested when another program changes it again and again', async () => {
    const own = await begin(TABLE, TABLE);
    const other = tableOf({ [SHOP]: { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 9 } } });
    for (let time = 0; time < 4; time++) {
      await own.foreign({ ...TABLE, services: mixed(other) });
      await own.clock.advance(5000);
    }
    expect(await shop(own)).toMatchObject({
      state: 'contested',
      notes: [
        '10.0.0.2:80: weight 9 is to be 1; left alone, because another program keeps changing ' +
          `${SHOP} 10.0.0.2:80`,
      ],
    });
    expect((await details(own)).destinations_list).toMatchObject([
      { destination: '10.0.0.1:80', contested: false, state: 'ok' },
      {
        ...{ destination: '10.0.0.2:80', contested: true, state: 'contested' },
        weight: { live: 9, desired: 1 },
      },
    ]);
  });

  it('is drifted when the difference is only reported', async () => {
    const own = await begin(TABLE, TABLE, { drift: 'report' });
    const other = tableOf({ [SHOP]: { destinations: { '10.0.0.1:80': 1, '10.0.0.3:80': 9 } } });
    await own.foreign({ ...TABLE, services: mixed(other) });
    await own.clock.advance(5000);
    expect(await shop(own)).toMatchObject({
      state: 'drifted',
      notes: ['10.0.0.2:80 is to be added', '10.0.0.3:80 is to be deleted'],
    });
    expect((await details(own)).destinations_list).toMatchObject([
      { destination: '10.0.0.1:80', state: 'ok' },
      { destination: '10.0.0.3:80', state: 'drifted', weight: { live: 9, desired: null } },
      {
        ...{ destination: '10.0.0.2:80', state: 'drifted', live: false },
        weight: { live: null, desired: 1 },
      },
    ]);
  });

  it('is paused while all is paused, or this service alone', async () => {
    const own = await begin(TABLE, TABLE, { pauses: memoryPause() });
    const who = { who: 'alice\u202e', reason: '<b>works</b>', seconds: undefined };
    await Promise.all([own.loop.pause({ ...who, only: ['fwmark:7'] }), own.clock.advance(0)]);
    expect((await own.services()).services.map(({ state }) => state).sort()).toEqual([
      'ok',
      'paused',
    ]);
    await Promise.all([own.loop.pause({ ...who, only: [] }), own.clock.advance(0)]);
    const { state, notes } = await shop(own);
    expect(state).toBe('paused');
    expect(notes[0]).toMatch(/^paused by alice\\u202e, since .*: <b>works<\/b>$/);
  });

  it('is draining while a removed destination is kept for its connections', async () => {
    const key = keyOf(SHOP);
    const policy: Policy = {
      manage: undefined,
      sysctls: undefined,
      services: new Map([
        [
          key,
          {
            protect: false,
            drain: { timeoutSeconds: 300, lingerSeconds: 120 },
            preserve: new Map(),
          },
        ],
      ]),
    };
    let drains = NO_DRAINS;
    const own: ApiWorld = await begin(
      TABLE,
      { ...wholly(TABLE), policy },
      {
        port: (ipvs) => ({
          ...ipvs,
          read: async (options) => ({ ...(await ipvs.read(options)), counters: OPEN }),
        }),
        reconciling: {
          drains: {
            now: () => own?.clock.now() / 1000 || 0,
            read: async () => drains,
            write: async (record) => {
              drains = record;
            },
          },
        },
      },
    );
    const less = tableOf({ [SHOP]: { destinations: { '10.0.0.1:80': 1 } } });
    await own.write({ ...wholly({ ...TABLE, services: mixed(less) }), policy });
    await own.clock.advance(1000);
    expect(await shop(own)).toMatchObject({
      state: 'draining',
      notes: [expect.stringMatching(/^10\.0\.0\.2:80: drains, at most \w+ more$/)],
    });
    expect((await details(own)).destinations_list?.[1]).toMatchObject({
      ...{ destination: '10.0.0.2:80', state: 'draining', weight: { live: 0, desired: 0 } },
      drain: { seconds_left: expect.any(Number) },
    });
  });

  it('is overridden while an override sets a weight, with the weight that it wants', async () => {
    const override: Override = {
      ...{ service: keyOf(SHOP), destination: '10.0.0.2:80', weight: 5, by: 'alice' },
      ...{ reason: '<script>alert(1)</script>', since: '2026-05-04T12:00:00.000Z' },
    };
    const record = { overrides: [override], held: new Map() };
    const own = await begin(TABLE, TABLE, {
      reconciling: {
        overrides: {
          ...{ now: () => 0, date: () => new Date(2026, 4, 4, 12) },
          read: async () => record,
          write: async () => {},
        },
      },
    });
    expect(await shop(own)).toMatchObject({
      state: 'overridden',
      notes: [
        '10.0.0.2:80: weight 5 by override of alice without end: <script>alert(1)</script> (file: 1)',
      ],
    });
    expect((await details(own)).destinations_list?.[1]).toMatchObject({
      ...{ state: 'overridden', weight: { live: 5, desired: 5 } },
      override: { by: 'alice', own_weight: 1 },
    });
  });

  it('is foreign when no file has the service and the files do not manage it', async () => {
    const policy: Policy = {
      manage: { include: [{ service: keyOf('fwmark:7') }], exclude: [] },
      services: new Map(),
      sysctls: undefined,
    };
    const desired = desiredOf(tableOf({ 'fwmark:7': {} }).services, { policy });
    const own = await begin(TABLE, desired);
    expect(await shop(own)).toMatchObject({
      state: 'foreign',
      notes: ['no file has this service, and it is left alone'],
    });
    expect((await details(own)).destinations_list?.[0]).toMatchObject({
      ...{ state: 'ok', weight: { live: 1, desired: null } },
    });
  });

  it('has no desired weight where another program owns the weight', async () => {
    const kept = new Map([[destinationKeyOf('10.0.0.1:80'), { weight: true, thresholds: false }]]);
    const policy: Policy = {
      manage: undefined,
      services: new Map([[keyOf(SHOP), { protect: false, drain: undefined, preserve: kept }]]),
      sysctls: undefined,
    };
    const own = await begin(TABLE, { ...wholly(TABLE), policy });
    expect((await details(own)).destinations_list).toMatchObject([
      { weight: { live: 1, desired: null } },
      { weight: { live: 1, desired: 1 } },
    ]);
  });

  it('has the name and the place of the service in the files', async () => {
    const names = new Map([[keyOf(SHOP), 'shop\u202e"<i>']]);
    const locate = () => ({ file: 'a.yaml', line: 12, column: 5 });
    const own = await begin(TABLE, { ...wholly(TABLE), names, locate });
    expect(await shop(own)).toMatchObject({
      ...{ name: 'shop\u202e"<i>', source: { file: 'a.yaml', line: 12 } },
    });
  });
});

/** One open connection to each destination of the shop. */
const OPEN = new Map([
  [
    keyOf(SHOP),
    {
      stats: undefined,
      destinations: new Map(
        ['10.0.0.1:80', '10.0.0.2:80'].map((text) => [
          destinationKeyOf(text),
          { active: 1, inactive: 0, persistent: 0, stats: undefined },
        ]),
      ),
    },
  ],
]);

/** The services of TABLE, with those of another table in place of them. */
function mixed({ services }: typeof TABLE): (typeof TABLE)['services'] {
  return new Map([...TABLE.services, ...services]);
}
