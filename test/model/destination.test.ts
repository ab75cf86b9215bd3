import { expect, test } from 'vitest';
import type { Address } from '../../src/model/address.ts';
import { compareDestinations, destinationKey } from '../../src/model/destination.ts';
import { destinationOf } from '../support/tables.ts';

test('the key of a destination has its address and port, IPv6 in brackets', () => {
  expect(destinationKey('10.0.0.1' as Address, 0)).toBe('10.0.0.1:0');
  expect(destinationKey('2001:db8::1' as Address, 80)).toBe('[2001:db8::1]:80');
});

test('the forwarding method is no part of the key of a destination', () => {
  expect(destinationOf('10.0.0.1:80', { forward: 'masq' }).key).toBe(
    destinationOf('10.0.0.1:80', { forward: 'tunnel' }).key,
  );
});

test('destinations sort by family, address and port, as numbers', () => {
  const sorted = [
    '9.0.0.1:80',
    '10.0.0.1:80',
    '10.0.0.1:443',
    '10.0.0.2:80',
    '[::1]:9',
    '[::1]:80',
    '[2::]:80',
  ].map((text) => destinationOf(text));
  expect([...sorted].reverse().sort(compareDestinations)).toEqual(sorted);
});
