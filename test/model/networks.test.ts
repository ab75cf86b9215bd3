import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressFamily, writeAddress } from '../../src/model/address.ts';
import { cidrContains, networkOf, parseCidr } from '../../src/model/networks.ts';
import { addressArbitrary } from '../support/arbitrary-table.ts';

test.each([
  '192.0.2.0/24',
  '0.0.0.0/0',
  '192.0.2.1/32',
  '192.0.2.1',
  '2001:db8::/32',
  '::/0',
  '2001:db8::1',
])('reads %s', (text) => {
  expect(parseCidr(text)).toBeDefined();
});

test.each([
  '192.0.2.1/24',
  '192.0.2.0/33',
  '192.0.2.0/024',
  '192.0.2.0/',
  '192.0.2.0/-1',
  '192.0.2/24',
  '2001:db8::1/64',
  '::/129',
  'x',
  '',
])('does not read %s', (text) => {
  expect(parseCidr(text)).toBeUndefined();
});

function bitsOf(address: Parameters<typeof writeAddress>[0]): string {
  const bytes = new Uint8Array(16);
  writeAddress(address, bytes, 0);
  return [...bytes]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, addressFamily(address) === 'ipv4' ? 32 : 128);
}

test('a network contains exactly the addresses of its family that share its first bits', () => {
  const any = fc.oneof(addressArbitrary('ipv4'), addressArbitrary('ipv6'));
  fc.assert(
    fc.property(any, any, fc.nat(128), (base, other, length) => {
      const prefixLength = Math.min(length, bitsOf(base).length);
      const network = networkOf(`${base}/${prefixLength}`) ?? '';
      const cidr = parseCidr(network);
      if (!cidr) throw new Error(network);
      const shares =
        addressFamily(base) === addressFamily(other) &&
        bitsOf(base).slice(0, prefixLength) === bitsOf(other).slice(0, prefixLength);
      expect(cidrContains(cidr, base)).toBe(true);
      expect(cidrContains(cidr, other)).toBe(shares);
    }),
  );
});
