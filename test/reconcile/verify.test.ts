import { expect, test } from 'vitest';
import { plan } from '../../src/plan/plan.ts';
import { verify } from '../../src/reconcile/verify.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { operationsOf } from '../support/plan-runs.ts';
import { DAEMONS, EVERY_WAVE } from '../support/scenarios.ts';
import { daemonOf, keyOf, tableOf } from '../support/tables.ts';

test('reads all services that changed, and no others', async () => {
  const { live, desired } = EVERY_WAVE;
  const { changes } = plan(live, desired);
  const ipvs = openMisbehavingTable(desired);
  expect(await verify(ipvs, desired, changes)).toEqual([]);
  expect(ipvs.reads.map(({ services }) => [...(services ?? [])].sort())).toEqual([
    [
      'tcp://192.0.2.1:80',
      'tcp://192.0.2.2:80',
      'tcp://192.0.2.4:80',
      'tcp://192.0.2.5:80',
      'udp://192.0.2.3:53',
    ],
  ]);
});

test('reads a large table in slices, and finds the differences in each of them', async () => {
  const keys = Array.from({ length: 300 }, (_, index) => `tcp://192.0.2.1:${1000 + index}`);
  const desired = tableOf(Object.fromEntries(keys.map((key) => [key, {}])), {
    timeouts: { udp: 10 },
  });
  const { changes } = plan(tableOf({}), desired);
  const [first = '', last = ''] = [keys.at(0), keys.at(-1)];
  const present = Object.fromEntries(
    keys.filter((key) => key !== first && key !== last).map((key) => [key, {}]),
  );
  const ipvs = openMisbehavingTable(tableOf(present));
  expect(await verify(ipvs, desired, changes)).toMatchObject([
    { object: 'service', service: first },
    { object: 'service', service: last },
    { object: 'timeouts' },
  ]);
  expect(ipvs.reads.flatMap(({ services }) => [...(services ?? [])])).toEqual(keys);
  expect(ipvs.reads.length).toBeGreaterThan(1);
});

test('reports a deleted service that another program added again', async () => {
  const live = tableOf({ 'tcp://192.0.2.1:80': {} });
  const desired = tableOf({});
  const { changes } = plan(live, desired);
  expect(await verify(openMisbehavingTable(live), desired, changes)).toMatchObject([
    { service: keyOf('tcp://192.0.2.1:80'), after: undefined },
  ]);
});

test('accepts the length that the kernel chose for a daemon, and no other', async () => {
  const { live, desired } = DAEMONS;
  const planned = plan(live, desired);
  const ipvs = openMisbehavingTable(live);
  for (const operation of operationsOf(planned)) await ipvs.execute([operation]);
  expect(await verify(ipvs, desired, planned.changes)).toEqual([]);
  const longer = {
    ...desired,
    daemons: [
      daemonOf('master', { syncId: 2, maxLength: 9000 }),
      daemonOf('backup', { maxLength: 0 }),
    ],
  };
  expect(await verify(ipvs, longer, planned.changes)).toMatchObject([
    { object: 'daemon', role: 'master' },
  ]);
});

test('compares the timeouts even when no service changed', async () => {
  const desired = tableOf({}, { timeouts: { udp: 10 } });
  const { changes } = plan(tableOf({}), desired);
  expect(await verify(openMisbehavingTable(tableOf({})), desired, changes)).toEqual(changes);
});
