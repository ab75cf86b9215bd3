import { expect, test } from 'vitest';
import type { Connections, Counters } from '../../src/model/ipvs.ts';
import type { Table } from '../../src/model/table.ts';
import { diff } from '../../src/plan/diff.ts';
import { impactOf } from '../../src/plan/impact.ts';
import { daemonOf, destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';

const S = 'tcp://192.0.2.1:80';
const LIVE = tableOf({
  [S]: { scheduler: 'rr', destinations: { '10.0.0.1:80': 5, '10.0.0.2:80': 5 } },
});

function counters(active: readonly [number, number]): Counters {
  const connections = (count: number): Connections & { stats: undefined } => ({
    active: count,
    inactive: 3,
    persistent: 2,
    stats: undefined,
  });
  const destinations = new Map([
    [destinationKeyOf('10.0.0.1:80'), connections(active[0])],
    [destinationKeyOf('10.0.0.2:80'), connections(active[1])],
  ]);
  return new Map([[keyOf(S), { stats: undefined, destinations }]]);
}

function impacts(desired: Table, live = LIVE, connections: Counters = counters([7, 4])): unknown[] {
  return diff(live, desired).map((change) => impactOf(change, connections));
}

const pool = (first: number | undefined, scheduler = 'rr'): Table =>
  tableOf({
    [S]: {
      scheduler,
      destinations: { ...(first === undefined ? {} : { '10.0.0.1:80': first }), '10.0.0.2:80': 5 },
    },
  });

test('the deletion of a destination cuts its active connections', () => {
  expect(impacts(pool(undefined))).toEqual([{ kind: 'cut', connections: 7 }]);
  expect(impacts(pool(undefined), LIVE, counters([0, 4]))).toEqual([{ kind: 'none' }]);
  expect(impacts(pool(undefined), LIVE, new Map())).toEqual([{ kind: 'none' }]);
});

test('counts every flow of a udp service, all of which the kernel counts as inactive', () => {
  const service = 'udp://192.0.2.1:53';
  const table = (destinations: Record<string, number>) => tableOf({ [service]: { destinations } });
  const flows = new Map([
    [
      keyOf(service),
      counters([0, 0]).get(keyOf(S)) ?? { stats: undefined, destinations: new Map() },
    ],
  ]);
  const live = table({ '10.0.0.1:80': 1, '10.0.0.2:80': 1 });
  expect(impacts(table({ '10.0.0.2:80': 1 }), live, flows)).toEqual([
    { kind: 'cut', connections: 3 },
  ]);
  expect(impacts(table({ '10.0.0.1:80': 0, '10.0.0.2:80': 1 }), live, flows)).toEqual([
    { kind: 'drain', connections: 3 },
  ]);
  expect(impacts(table({}), live, flows)).toMatchObject([{ connections: 3 }, { connections: 3 }]);
});

test('a weight that becomes 0 drains, and any other weight has no impact', () => {
  expect(impacts(pool(0))).toEqual([{ kind: 'drain', connections: 7 }]);
  expect(impacts(pool(0), LIVE, counters([0, 4]))).toEqual([{ kind: 'none' }]);
  expect(impacts(pool(1))).toEqual([{ kind: 'none' }]);
  expect(
    impacts(
      tableOf({
        [S]: {
          scheduler: 'rr',
          destinations: { '10.0.0.1:80': { weight: 0, forward: 'masq' }, '10.0.0.2:80': 5 },
        },
      }),
      pool(0),
    ),
  ).toEqual([{ kind: 'none' }]);
});

test('the deletion of a service cuts the connections of all its destinations', () => {
  expect(impacts(tableOf({}))).toEqual([{ kind: 'cut', connections: 11 }]);
});

test('a replaced scheduler makes new connections wait, unless there was none before', () => {
  expect(impacts(pool(5, 'wlc'))).toEqual([{ kind: 'new-connections-wait' }]);
  expect(impacts(pool(5, 'wlc'), pool(5, 'none'))).toEqual([{ kind: 'none' }]);
  expect(
    impacts(
      tableOf({
        [S]: {
          scheduler: 'rr',
          onePacket: true,
          destinations: { '10.0.0.1:80': 5, '10.0.0.2:80': 5 },
        },
      }),
    ),
  ).toEqual([{ kind: 'none' }]);
});

test('additions, timeouts and daemons have no impact', () => {
  const desired = tableOf({
    [S]: {
      scheduler: 'rr',
      destinations: { '10.0.0.1:80': 5, '10.0.0.2:80': 5, '10.0.0.3:80': 1 },
    },
    'fwmark:1': {},
  });
  expect(
    impacts({ ...desired, timeouts: { tcp: 1, tcpFin: 1, udp: 1 }, daemons: [daemonOf('master')] }),
  ).toEqual([{ kind: 'none' }, { kind: 'none' }, { kind: 'none' }, { kind: 'none' }]);
});
