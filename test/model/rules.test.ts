import { describe, expect, test } from 'vitest';
import { type Address, parseAddress } from '../../src/model/address.ts';
import { cutToBytes, isInterfaceName } from '../../src/model/names.ts';
import {
  allowsOnePacket,
  findLongTimeout,
  findMixedFamily,
  isIdlePortZero,
  isTimeout,
  keepsPort,
  lacksTunnelPort,
  reaches,
  refuseDestinationAddress,
  refuseThresholds,
  syncLengthRange,
} from '../../src/model/rules.ts';
import { serviceOf, servicesOf } from '../support/tables.ts';

const address = (text: string) => parseAddress(text) as Address;
const A = 'tcp://192.0.2.1:80';

test.each([
  ['0.0.0.0', 'it means "no address"'],
  ['::', 'it means "no address"'],
  ['255.255.255.255', 'it is the broadcast address'],
  ['224.0.0.1', 'it is a multicast address'],
  ['239.255.255.255', 'it is a multicast address'],
  ['ff02::1', 'it is a multicast address'],
  ['::ffff:10.0.0.1', 'it is an IPv4 address written as IPv6'],
])('%s is refused as a destination', (text, reason) => {
  expect(refuseDestinationAddress(address(text))).toBe(
    `${text} cannot be a destination: ${reason}`,
  );
});

test.each([
  ...['0.0.0.1', '10.0.0.1', '127.0.0.1', '223.255.255.255', '240.0.0.1'],
  ...['::1', '::10.0.0.1', '2001:db8::1', 'fe80::1', 'fc00::1'],
])('%s is no address that every kernel refuses', (text) => {
  expect(refuseDestinationAddress(address(text))).toBeUndefined();
});

test('only a tunnel reaches an address of another family than the service', () => {
  const { identity } = serviceOf(A);
  const six = address('2001:db8::1');
  expect(
    (['masq', 'route', 'tunnel'] as const).map((forward) => reaches(forward, identity, six)),
  ).toEqual([false, false, true]);
  expect(reaches('masq', identity, address('10.0.0.1'))).toBe(true);
});

test('the first destination of another family than its service is found', () => {
  const destinations = { '10.0.0.1:80': 1, '[2001:db8::1]:80': 1 };
  expect(findMixedFamily(servicesOf({ 'fwmark:1': {}, [A]: { destinations } }))).toMatchObject({
    service: { key: A },
    destination: { key: '[2001:db8::1]:80' },
    message: `[2001:db8::1]:80 is of another family than its service ${A}: the kernel allows that only while no sync daemon runs`,
  });
  expect(
    findMixedFamily(servicesOf({ [A]: { destinations: { '10.0.0.1:80': 1 } } })),
  ).toBeUndefined();
});

test('a lower threshold is at most the upper one', () => {
  expect(refuseThresholds({ lowerThreshold: 5, upperThreshold: 5 })).toBeUndefined();
  expect(refuseThresholds({ lowerThreshold: 1, upperThreshold: 0 })).toBe(
    'the lower threshold 1 is above the upper threshold 0',
  );
});

test('a gue tunnel needs a port, and no other type does', () => {
  const types = ['ipip', 'gue', 'gre'] as const;
  expect(types.map((tunnelType) => lacksTunnelPort({ tunnelType, tunnelPort: 0 }))).toEqual([
    false,
    true,
    false,
  ]);
  expect(lacksTunnelPort({ tunnelType: 'gue', tunnelPort: 1 })).toBe(false);
});

test('routed and tunnelled destinations keep the port of a service with an address', () => {
  const { identity } = serviceOf(A);
  expect(
    (['masq', 'route', 'tunnel'] as const).map((forward) => keepsPort(identity, forward)),
  ).toEqual([false, true, true]);
  expect(keepsPort(serviceOf('fwmark:1').identity, 'route')).toBe(false);
});

test('port 0 needs persistence, and one-packet scheduling needs UDP', () => {
  const any = serviceOf('udp://192.0.2.1:0');
  expect(isIdlePortZero(any)).toBe(true);
  expect(isIdlePortZero({ ...any, persistent: true })).toBe(false);
  expect(isIdlePortZero(serviceOf(A))).toBe(false);
  expect(isIdlePortZero(serviceOf('fwmark:1'))).toBe(false);
  expect(
    [any, serviceOf(A), serviceOf('fwmark:1')].map(({ identity }) => allowsOnePacket(identity)),
  ).toEqual([true, false, true]);
});

test('a timeout is one that a kernel with HZ=1000 counts in 31 bits', () => {
  expect([0, 1, 2_147_483, 2_147_484].map((seconds) => isTimeout(seconds))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(findLongTimeout({ tcp: 0, tcpFin: 1, udp: 2_147_484 })).toBe('udp');
  expect(findLongTimeout({ tcp: 0, tcpFin: 2_147_483 })).toBeUndefined();
});

test('the length of sync messages depends on the role and on the family of the group', () => {
  const [four, six] = [address('224.0.0.81'), address('ff02::81')];
  expect(syncLengthRange('master', undefined)).toEqual({ min: 1, max: 65_507 });
  expect(syncLengthRange('backup', four)).toEqual({ min: 1024, max: 65_507 });
  expect(syncLengthRange('master', six)).toEqual({ min: 1, max: 65_487 });
});

describe('a name', () => {
  test.each([
    ['rr', 15, 'rr'],
    ['sixteen-letters-', 15, 'sixteen-letters'],
    ['äöü', 5, 'äö'],
    ['𝄞𝄞', 7, '𝄞'],
    ['rr\0x', 15, 'rr'],
  ])('%j in %i bytes is %j', (text, bytes, expected) => {
    expect(cutToBytes(text, bytes)).toBe(expected);
  });

  test.each(['eth0', 'eth0.100', 'wlan\u001b', 'äöüäöüä', 'em\u2003dash'])(
    '%j can be an interface',
    (name) => {
      expect(isInterfaceName(name)).toBe(true);
    },
  );

  test.each([
    '',
    '.',
    '..',
    'a/b',
    'a:b',
    'a b',
    'sixteen-letters-',
    'äöüäöüäö',
    'lo\0x',
    'voil\u00e0',
    '\ud800',
  ])('%j cannot be an interface', (name) => {
    expect(isInterfaceName(name)).toBe(false);
  });
});
