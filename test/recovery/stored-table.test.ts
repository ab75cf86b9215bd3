import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Table } from '../../src/model/table.ts';
import { loadTable, storeTable } from '../../src/recovery/records/stored-table.ts';
import { tableArbitrary } from '../support/arbitrary-table.ts';
import { holds } from '../support/properties.ts';
import { daemonOf, tableOf } from '../support/tables.ts';

const onDisk = (table: Partial<Table> & Pick<Table, 'services'>): unknown =>
  JSON.parse(JSON.stringify(storeTable(table)));

test('loads any table as it was stored, also one that no configuration can express', () =>
  holds(
    fc.property(tableArbitrary, (table) => {
      const { services, timeouts, daemons } = table;
      expect(loadTable(onDisk(table))).toEqual({ services, timeouts, daemons });
    }),
    200,
  ));

test('loads timeouts out of range, and daemons that let the kernel choose', () => {
  const table = tableOf(
    {},
    {
      timeouts: { tcp: 0, udp: 4_000_000 },
      daemons: [daemonOf('backup', { group: undefined, maxLength: 0 })],
    },
  );
  expect(loadTable(onDisk(table))).toEqual({
    services: new Map(),
    timeouts: table.timeouts,
    daemons: table.daemons,
  });
});

test('loads no settings when none were stored', () => {
  expect(loadTable(onDisk({ services: new Map() }))).toEqual({ services: new Map() });
});

describe('loadTable refuses data that storeTable does not write', () => {
  const service = { key: 'tcp://192.0.2.1:80', destinations: [] };
  test.each([
    [null],
    [[]],
    [{}],
    [{ services: {} }],
    [{ services: [null] }],
    [{ services: [{ key: 'tcp://192.0.2.1:80' }] }],
    [{ services: [{ ...service, key: 'tcp://192.0.2.1' }] }],
    [{ services: [{ ...service, key: 'http://192.0.2.1:80' }] }],
    [{ services: [{ ...service, scheduler: 5 }] }],
    [{ services: [{ ...service, colour: 'red' }] }],
    [{ services: [{ ...service, toString: 'x' }] }],
    [{ services: [{ ...service, persistenceTimeoutSeconds: 1.5 }] }],
    [{ services: [{ ...service, destinations: [{}] }] }],
    [{ services: [{ ...service, destinations: [{ key: '10.0.0.1:99999' }] }] }],
    [{ services: [{ ...service, destinations: [{ key: '10.0.0.1:80', weight: '1' }] }] }],
    [{ services: [], timeouts: { tcp: 'soon' } }],
    [{ services: [], timeouts: 5 }],
    [{ services: [], daemons: {} }],
    [{ services: [], daemons: [{ role: 'captain' }] }],
    [{ services: [], daemons: [null] }],
    [{ services: [], daemons: [{ role: 'master', group: 'everybody' }] }],
  ])('%j', (stored) => {
    expect(loadTable(stored)).toBeUndefined();
  });
});
