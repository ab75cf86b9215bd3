import { expect, test } from 'vitest';
import { drainKey } from '../../src/model/drain.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Policy } from '../../src/model/policy.ts';
import { prepare } from '../../src/reconcile/prepare.ts';
import { CHECKED } from '../support/checked.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { wants } from '../support/scenarios.ts';
import { destinationKeyOf, destinationOf, keyOf, serviceOf, tableOf } from '../support/tables.ts';

const LIVE = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } },
  'tcp://192.0.2.2:80': {},
  'tcp://192.0.2.3:80': {},
});
const FIRST = serviceOf('tcp://192.0.2.1:80').identity;
const weighted = (weight: number): Operation => ({
  kind: 'edit-destination',
  service: FIRST,
  destination: destinationOf('10.0.0.1:80', { weight }),
});

test('reads once when the plan deletes nothing', async () => {
  const ipvs = openMisbehavingTable(LIVE);
  const desired = tableOf({
    'tcp://192.0.2.1:80': {
      destinations: { '10.0.0.1:80': 0, '10.0.0.2:80': 5, '10.0.0.3:80': 1 },
    },
    'tcp://192.0.2.2:80': {},
    'tcp://192.0.2.3:80': { scheduler: 'rr' },
  });
  const { snapshot, plan, refusals } = await prepare(ipvs, wants(desired));
  expect(ipvs.reads).toHaveLength(1);
  expect(plan).toMatchObject({ live: snapshot.table, desired: { services: desired.services } });
  expect(refusals).toEqual([]);
});

test('reads services a second time when the plan deletes them or their destinations', async () => {
  const ipvs = openMisbehavingTable(LIVE);
  const desired = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } },
    'tcp://192.0.2.3:80': { scheduler: 'rr' },
  });
  await prepare(ipvs, wants(desired));
  expect(ipvs.reads.map(({ services }) => services && [...services])).toEqual([
    undefined,
    [keyOf('tcp://192.0.2.1:80'), keyOf('tcp://192.0.2.2:80')],
  ]);
});

test('for a report, reads added and edited objects a second time too', async () => {
  const second = serviceOf('tcp://192.0.2.2:80');
  const gone: readonly Operation[] = [{ kind: 'delete-service', service: second.identity }];
  const back: readonly Operation[] = [{ kind: 'add-service', service: second }];
  const ipvs = () =>
    openMisbehavingTable(LIVE, {
      beforeRead: (read) => (read === 0 ? gone : read === 1 ? back : []),
    });
  const hasty = await prepare(ipvs(), wants(LIVE));
  expect(hasty.plan.changes).toMatchObject([{ object: 'service', before: undefined }]);
  const sure = await prepare(ipvs(), wants(LIVE), { confirmsAll: true });
  expect(sure.plan.changes).toEqual([]);
});

const SHRUNK = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } });

test('plans again from new reads when two reads differ', async () => {
  const ipvs = openMisbehavingTable(LIVE, {
    beforeRead: (read) => (read === 1 ? [weighted(7)] : []),
  });
  const { plan } = await prepare(ipvs, wants(SHRUNK));
  expect(ipvs.reads).toHaveLength(4);
  expect(
    plan.live.services
      .get(keyOf('tcp://192.0.2.1:80'))
      ?.destinations.get(destinationOf('10.0.0.1:80').key)?.weight,
  ).toBe(7);
});

test('does not delete a service that is missing at the second read', async () => {
  const second = serviceOf('tcp://192.0.2.2:80').identity;
  const ipvs = openMisbehavingTable(LIVE, {
    beforeRead: (read) => (read === 1 ? [{ kind: 'delete-service', service: second }] : []),
  });
  const { plan } = await prepare(ipvs, wants(SHRUNK));
  expect(plan.live.services.has(keyOf('tcp://192.0.2.2:80'))).toBe(false);
});

test('throws UNSTABLE and writes nothing when every two reads differ', async () => {
  const ipvs = openMisbehavingTable(LIVE, { beforeRead: (read) => [weighted(read + 10)] });
  await expect(prepare(ipvs, wants(SHRUNK))).rejects.toMatchObject({
    code: 'UNSTABLE',
    message: expect.stringContaining('3 reads'),
  });
  expect(ipvs.reads).toHaveLength(6);
  expect(ipvs.waves).toEqual([]);
});

test('neither plans nor reads again what `only` leaves out', async () => {
  const ipvs = openMisbehavingTable(LIVE);
  const { plan } = await prepare(ipvs, wants(SHRUNK), {
    only: () => (key) => key === keyOf('tcp://192.0.2.2:80'),
  });
  expect(plan.changes).toMatchObject([
    { object: 'service', service: 'tcp://192.0.2.2:80', after: undefined },
  ]);
  expect([...(ipvs.reads[1]?.services ?? [])]).toEqual(['tcp://192.0.2.2:80']);
});

test('checks the limits of the file, and an allowance lifts them', async () => {
  const desired = wants(SHRUNK, { limits: { maxServiceDeletes: { kind: 'count', value: 1 } } });
  expect((await prepare(openMisbehavingTable(LIVE), desired)).refusals).toMatchObject([
    { guard: 'max_service_deletes' },
  ]);
  const allowances = { maxServiceDeletes: { kind: 'count', value: 2 } } as const;
  expect((await prepare(openMisbehavingTable(LIVE), desired, { allowances })).refusals).toEqual([]);
});

test('names five of the destinations that health keeps out, and counts the others', async () => {
  const addresses = Array.from({ length: 9 }, (_, index) => `10.0.0.${index + 1}:80`);
  const tableWith = (weight: number) =>
    tableOf({
      'tcp://192.0.2.1:80': {
        destinations: Object.fromEntries(
          addresses.map((address, index) => [address, index < 7 ? weight : 1]),
        ),
      },
    });
  const service = keyOf('tcp://192.0.2.1:80');
  const keys = addresses.map(destinationKeyOf);
  const policy: Policy = {
    ...{ manage: undefined, sysctls: undefined },
    services: new Map([
      [
        service,
        {
          ...{ protect: false, drain: undefined, preserve: new Map() },
          health: {
            maxUnhealthy: { kind: 'percent', value: 100 },
            fallback: new Map(),
            destinations: new Map(keys.map((key) => [key, CHECKED])),
          },
        },
      ],
    ]),
  };
  const states = new Map(
    keys.map((key, index) => [
      drainKey(service, key),
      { isHealthy: index >= 7, sinceSeconds: 0, reason: 'connection refused' },
    ]),
  );
  const health = { isChecking: false, now: () => 10, read: async () => states };
  const ipvs = openMisbehavingTable(tableWith(0));
  const { plan, warnings } = await prepare(ipvs, { ...wants(tableWith(1)), policy }, { health });
  expect(plan.changes).toEqual([]);
  expect(warnings).toHaveLength(6);
  expect(warnings[0]).toBe(
    `health keeps 10.0.0.1:80 of ${service} at weight 0, as the daemon found it: connection refused`,
  );
  expect(warnings[5]).toBe('health keeps 2 more as they are: `ipvstate health` shows them');
});
