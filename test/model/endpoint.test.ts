import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, parseAddress } from '../../src/model/address.ts';
import { formatEndpoint, parseEndpoint, parsePort } from '../../src/model/endpoint.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

test.each([
  ['10.0.0.1', '10.0.0.1', undefined],
  ['10.0.0.1:80', '10.0.0.1', 80],
  ['10.0.0.1:0', '10.0.0.1', 0],
  ['10.0.0.1:65535', '10.0.0.1', 65535],
  ['2001:db8::1', '2001:db8::1', undefined],
  ['2001:db8::1:80', '2001:db8::1:80', undefined],
  ['[2001:DB8::1]', '2001:db8::1', undefined],
  ['[2001:db8:0::1]:80', '2001:db8::1', 80],
  ['[::ffff:10.0.0.1]:80', '::ffff:10.0.0.1', 80],
])('%s is %s and port %s', (text, address, port) => {
  expect(parseEndpoint(text)).toEqual({ address, port });
});

test.each([
  '',
  ':',
  ':80',
  '10.0.0.1:',
  '10.0.0.1:080',
  '10.0.0.1:65536',
  '10.0.0.1:-1',
  '10.0.0.1:+80',
  '10.0.0.1: 80',
  '10.0.0.1:8e1',
  '10.0.0.1:0x50',
  '10.0.0.1:http',
  '10.0.0.1:80:80',
  '10.0.0.1:80\n',
  '[10.0.0.1]:80',
  '[10.0.0.1]',
  '[::1]80',
  '[::1]:',
  '[::1]:80\n',
  '[::1',
  '::1]',
  '[]:80',
  '[[::1]]:80',
  '[::1]:80:80',
  '[fe80::1%eth0]:80',
  '010.0.0.1:80',
  '10.1:80',
  'localhost:80',
  '*:80',
])('%j is no endpoint', (text) => {
  expect(parseEndpoint(text)).toBeUndefined();
});

test.each([
  ['0', 0],
  ['1', 1],
  ['80', 80],
  ['65535', 65535],
  ['65536', undefined],
  ['00', undefined],
  ['99999', undefined],
  ['100000', undefined],
  ['', undefined],
  ['8 0', undefined],
])('port %j is %s', (text, port) => {
  expect(parsePort(text)).toBe(port);
});

const addresses = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => parseAddress(text) as Address);

const roundTrips = (format: (address: Address, port: number) => string) =>
  fc.property(addresses, fc.integer({ min: 0, max: 65535 }), (address, port) => {
    const endpoint = parseEndpoint(format(address, port));
    return endpoint?.address === address && endpoint.port === port;
  });

test('an endpoint that was written is read back', async () => {
  await holds(roundTrips(formatEndpoint));
  await isBrokenBy(roundTrips((address, port) => `${address}:${port}`));
});
