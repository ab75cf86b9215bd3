import { expect, test } from 'vitest';
import { rollBackChanges } from '../../src/plan/roll-back/roll-back.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { daemonOf, tableOf } from '../support/tables.ts';

const S = 'tcp://192.0.2.1:80';
const EMPTY = tableOf({});

test.each([
  [
    'a service that we added stays with only the destination of another program',
    EMPTY,
    tableOf({ [S]: { destinations: { '10.0.0.1:80': 1 } } }),
    tableOf({ [S]: { destinations: { '10.0.0.1:80': 1, '10.0.0.9:80': 1 } } }),
    tableOf({ [S]: { destinations: { '10.0.0.9:80': 1 } } }),
    [S],
  ],
  [
    'a service that we added and another program edited stays',
    EMPTY,
    tableOf({ [S]: {} }),
    tableOf({ [S]: { scheduler: 'sh' } }),
    tableOf({ [S]: { scheduler: 'sh' } }),
    [S],
  ],
  [
    'a service that we deleted comes back with its destinations',
    tableOf({ [S]: { destinations: { '10.0.0.1:80': 1 } } }),
    EMPTY,
    EMPTY,
    tableOf({ [S]: { destinations: { '10.0.0.1:80': 1 } } }),
    [],
  ],
  [
    'a service that we deleted and another program added again stays as that program made it',
    tableOf({ [S]: { destinations: { '10.0.0.1:80': 1 } } }),
    EMPTY,
    tableOf({ [S]: { scheduler: 'sh' } }),
    tableOf({ [S]: { scheduler: 'sh' } }),
    [S],
  ],
  [
    'a service that we edited and another program deleted stays deleted',
    tableOf({ [S]: { scheduler: 'rr' } }),
    tableOf({ [S]: { scheduler: 'sh' } }),
    EMPTY,
    EMPTY,
    [S],
  ],
  [
    'a service that only another program deleted stays deleted, and is not contested',
    tableOf({ [S]: { scheduler: 'rr' }, 'fwmark:1': {} }),
    tableOf({ [S]: { scheduler: 'rr' } }),
    EMPTY,
    tableOf({ 'fwmark:1': {} }),
    [],
  ],
  [
    'the scheduler is rolled back although another program added a destination',
    tableOf({ [S]: { scheduler: 'rr' } }),
    tableOf({ [S]: { scheduler: 'sh' } }),
    tableOf({ [S]: { scheduler: 'sh', destinations: { '10.0.0.9:80': 1 } } }),
    tableOf({ [S]: { scheduler: 'rr', destinations: { '10.0.0.9:80': 1 } } }),
    [],
  ],
  [
    'timeouts are rolled back one by one',
    tableOf({}, { timeouts: { tcp: 1, tcpFin: 1, udp: 1 } }),
    tableOf({}, { timeouts: { tcp: 2, tcpFin: 2, udp: 1 } }),
    tableOf({}, { timeouts: { tcp: 2, tcpFin: 3, udp: 3 } }),
    tableOf({}, { timeouts: { tcp: 1, tcpFin: 3, udp: 3 } }),
    ['timeouts'],
  ],
  [
    'daemons are rolled back one by one',
    tableOf({}, { daemons: [daemonOf('master')] }),
    tableOf({}, { daemons: [daemonOf('master', { syncId: 2 }), daemonOf('backup')] }),
    tableOf(
      {},
      { daemons: [daemonOf('master', { syncId: 2 }), daemonOf('backup', { syncId: 9 })] },
    ),
    tableOf({}, { daemons: [daemonOf('master'), daemonOf('backup', { syncId: 9 })] }),
    ['backup sync daemon'],
  ],
])('%s', (_, before, after, live, expected, contested) => {
  const result = rollBackChanges(before, after, live);
  expect(result.contested).toEqual(contested);
  expect(isSameTable(result.table, expected)).toBe(true);
});
