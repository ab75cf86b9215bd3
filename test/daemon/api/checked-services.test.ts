import { describe, expect, it } from 'vitest';
import type { ApiStatus, ServiceSummary } from '../../../src/daemon/api/documents.ts';
import { drainKey } from '../../../src/model/drain.ts';
import type { HealthState } from '../../../src/model/health.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { CHECKED } from '../../support/checked.ts';
import { destinationKeyOf, keyOf, tableOf, wholly } from '../../support/tables.ts';
import { ApiWorld } from './api-world.ts';

const SHOP = 'tcp://192.0.2.1:80';
const ADDRESSES = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80', '10.0.0.4:80'];
const TABLE = tableOf({
  [SHOP]: { destinations: Object.fromEntries(ADDRESSES.map((address) => [address, 4])) },
});
const SORRY = destinationKeyOf('10.0.0.9:80');

/** A world in which the first of the destinations are unhealthy, and the last one ramps up. */
async function beginWith(unhealthy: number, hasFallback = false): Promise<ApiWorld> {
  const service = keyOf(SHOP);
  const keys = ADDRESSES.map(destinationKeyOf);
  const health = {
    maxUnhealthy: undefined,
    fallback: new Map(hasFallback ? [[SORRY, 7]] : []),
    destinations: new Map(keys.map((key) => [key, CHECKED])),
  };
  const own = { protect: false, drain: undefined, preserve: new Map(), health };
  const policy: Policy = {
    ...{ manage: undefined, sysctls: undefined },
    services: new Map([[service, own]]),
  };
  const states = new Map(
    keys.map((key, index) => {
      const isHealthy = index >= unhealthy;
      const state: HealthState = {
        ...{ isHealthy, sinceSeconds: 0, reason: isHealthy ? '' : 'connection refused' },
        ...(index === 3 && isHealthy && { rampEndSeconds: 1e6 }),
      };
      return [drainKey(service, key), state] as const;
    }),
  );
  const table = hasFallback
    ? tableOf({
        [SHOP]: {
          destinations: Object.fromEntries([
            ...ADDRESSES.map((address) => [address, 4]),
            [SORRY, 0],
          ]),
        },
      })
    : TABLE;
  const reconciling = {
    health: { isChecking: true, now: () => 1, read: async () => states },
  };
  const world = new ApiWorld(table, { ...wholly(table), policy }, { reconciling });
  await world.begin();
  world.findHealth = (_, destination) => {
    const index = keys.indexOf(destination);
    if (index === -1) return undefined;
    const healthy = index >= unhealthy;
    return {
      ...{
        service,
        name: 'shop',
        destination,
        check: 'tcp',
        healthy,
        damped: !healthy && index === 1,
      },
      since: '2026-05-04T11:59:00.000Z',
      last_answer: {
        ...{ verdict: 'bad', reason: healthy ? 'connected' : 'connection refused' },
        ...{ at: '2026-05-04T12:00:00.000Z', latency_seconds: 0.001 },
      },
    };
  };
  return world;
}

async function shop(own: ApiWorld): Promise<ServiceSummary> {
  const { services } = await own.services();
  return services[0] as ServiceSummary;
}

async function details(own: ApiWorld): Promise<ServiceSummary> {
  const { services } = await own.services(`?service=${SHOP}`);
  return services[0] as ServiceSummary;
}

describe('the state of a service whose destinations are checked', () => {
  it('is unhealthy while servers are out, and each of them says why and since when', async () => {
    const own = await beginWith(1);
    const note = 'unhealthy, weight 0 in place of 4: connection refused';
    expect(await shop(own)).toMatchObject({
      ...{ state: 'unhealthy', notes: [`10.0.0.1:80: ${note}`], usable: 3 },
    });
    const [out, healthy, , ramping] = (await details(own)).destinations_list ?? [];
    expect(out).toMatchObject({
      ...{ state: 'unhealthy', notes: [note], weight: { live: 0, desired: 0 } },
      health: {
        ...{ state: 'unhealthy', reason: 'connection refused', text: note },
        since: '2026-05-04T11:59:00.000Z',
      },
    });
    expect(healthy).toMatchObject({
      ...{ state: 'ok', notes: [] },
      health: { state: 'healthy', reason: 'connected', text: 'healthy, last answer: connected' },
    });
    expect(ramping).toMatchObject({
      ...{ state: 'ok', weight: { live: 1, desired: 1 } },
      health: { state: 'slow-start', text: 'healthy again, weight 1 on the way to 4' },
    });
    expect(own.state.health.state).toBe('in-sync');
  });

  it('is in a panic while more are unhealthy than may be taken out', async () => {
    const own = await beginWith(3);
    const { state, notes } = await shop(own);
    expect([state, notes[0]]).toEqual([
      'panic',
      '3 servers are unhealthy, more than may be taken out: clients reach 3 of them',
    ]);
    const list = (await details(own)).destinations_list ?? [];
    expect(list.map((one) => one.state).sort()).toEqual(['ok', 'panic', 'panic', 'panic']);
    expect(list.map(({ health }) => health?.state).sort()).toEqual([
      ...['flapping', 'panic', 'panic', 'slow-start'],
    ]);
    const { help } = await own.document<ApiStatus>('/api/v1/status');
    expect(help.map(({ command }) => command)).toContain('ipvstate health');
  });

  it('names the fallback that takes the traffic', async () => {
    const own = await beginWith(4, true);
    const { state, notes } = await shop(own);
    expect(state).toBe('unhealthy');
    expect(notes).toContain(
      `the fallback ${SORRY} takes the traffic, because no other destination is usable`,
    );
    const sorry = (await details(own)).destinations_list?.find(
      ({ destination }) => destination === SORRY,
    );
    expect(sorry).toMatchObject({
      ...{ state: 'ok', weight: { live: 7, desired: 7 } },
      health: { state: 'fallback', reason: null, since: null },
    });
  });

  it('says that a destination was not checked yet, and null where none is checked', async () => {
    const own = await beginWith(0);
    const { findHealth } = own;
    own.findHealth = (service, destination) => {
      const row = findHealth(service, destination);
      if (destination === '10.0.0.1:80') return row && { ...row, last_answer: null };
      return destination === '10.0.0.2:80' ? undefined : row;
    };
    const [unchecked, without] = (await details(own)).destinations_list ?? [];
    expect(unchecked?.health).toMatchObject({ state: 'unknown', text: 'not checked yet' });
    expect(without?.health).toBeNull();
  });
});
