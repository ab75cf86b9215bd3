import { expect, test } from 'vitest';
import { isServed, sortedDestinations, sortedServices } from '../../src/model/table.ts';
import { entryOf, tableOf } from '../support/tables.ts';

test.each([
  [true, { destinations: { '10.0.0.1:80': 1 } }],
  [true, { destinations: { '10.0.0.1:80': 0, '10.0.0.2:80': 1 } }],
  [false, { destinations: { '10.0.0.1:80': 0 } }],
  [false, {}],
  [false, { scheduler: 'none', destinations: { '10.0.0.1:80': 1 } }],
])('served is %s: %j', (expected, service) => {
  expect(isServed(entryOf('fwmark:1', service))).toBe(expected);
});

test('services and destinations are returned sorted, whatever the order of the maps', () => {
  const table = tableOf({
    'fwmark:2': {},
    'udp://192.0.2.1:53': {},
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.2:80': 1, '10.0.0.1:80': 1 } },
  });
  const services = sortedServices(table);
  expect(services.map(({ service }) => service.key)).toEqual([
    'tcp://192.0.2.1:80',
    'udp://192.0.2.1:53',
    'fwmark:2',
  ]);
  expect(services[0] && sortedDestinations(services[0]).map(({ key }) => key)).toEqual([
    '10.0.0.1:80',
    '10.0.0.2:80',
  ]);
});
