import { describe, expect, it } from 'vitest';
import { findDestination, findService, isServiceAddress } from '../../src/plan/find-service.ts';
import { destinationKeyOf, keyOf } from '../support/tables.ts';

const SHOP = keyOf('tcp://192.0.2.10:443');
const DNS = keyOf('udp://[2001:db8::53]:53');
const BOTH = keyOf('udp://192.0.2.10:443');
const MARK = keyOf('fwmark:7/ipv6');
const known = {
  keys: [SHOP, DNS, BOTH, MARK],
  names: new Map([
    [SHOP, 'shop'],
    [DNS, 'dns'],
    [MARK, 'dns'],
  ]),
};

describe('a service is found', () => {
  it.each([
    ['tcp://192.0.2.10:443', SHOP],
    ['shop', SHOP],
    ['udp://[2001:DB8:0::53]:53', DNS],
    ['[2001:db8::53]:53', DNS],
    ['fwmark:7/ipv6', MARK],
  ])('by %s', (text, key) => {
    expect(findService(text, known)).toBe(key);
  });

  it.each([
    ['dns', '2 services have the name "dns"'],
    ['192.0.2.10:443', '2 services have the address 192.0.2.10:443'],
    ['fwmark:7', 'there is no service fwmark:7'],
    ['tcp://192.0.2.10:434', 'there is no service tcp://192.0.2.10:434'],
    ['shops', 'no service has the name "shops"'],
    ['', 'no service has the name ""'],
  ])('never by %j', (text, message) => {
    expect(() => findService(text, known)).toThrow(message);
  });

  it('is suggested when the text is nearly right', () => {
    const hint = (text: string): unknown => {
      try {
        return findService(text, known);
      } catch (error) {
        return (error as { hint?: string }).hint;
      }
    };
    expect(hint('shpo')).toBe('Did you mean shop?');
    expect(hint('tcp://192.0.2.10:434')).toContain('Did you mean tcp://192.0.2.10:443');
    expect(hint('far-away')).toBe('The names are shop, dns.');
    expect(hint('dns')).toBe(`Name one by its whole address: ${DNS}, ${MARK}.`);
  });

  it('has no suggestion when there are none', () => {
    expect(() => findService('shop', { keys: [], names: new Map() })).toThrow('no service has');
  });
});

describe('the address of a service', () => {
  it.each([
    ['tcp://192.0.2.10:443', true],
    ['tcp://nonsense', true],
    ['fwmark:7', true],
    ['192.0.2.10:443', true],
    ['192.0.2.10', false],
    ['shop', false],
    ['services.weight', false],
  ])('%s: %j', (text, is) => {
    expect(isServiceAddress(text)).toBe(is);
  });
});

describe('a destination is found', () => {
  const keys = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.2:81', '[2001:db8::1]:80'].map(
    destinationKeyOf,
  );

  it.each([
    ['10.0.0.1', '10.0.0.1:80'],
    ['10.0.0.2:81', '10.0.0.2:81'],
    ['2001:db8:0::1', '[2001:db8::1]:80'],
    ['[2001:db8::1]:80', '[2001:db8::1]:80'],
  ])('by %s', (text, key) => {
    expect(findDestination(text, SHOP, keys)).toBe(key);
  });

  it.each([
    ['10.0.0.2', '2 destinations of tcp://192.0.2.10:443 have the address 10.0.0.2'],
    ['10.0.0.1:81', 'tcp://192.0.2.10:443 has no destination 10.0.0.1:81'],
    ['nonsense', 'tcp://192.0.2.10:443 has no destination nonsense'],
  ])('never by %s', (text, message) => {
    expect(() => findDestination(text, SHOP, keys)).toThrow(message);
  });
});
