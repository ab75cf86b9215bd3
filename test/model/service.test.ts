import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, parseAddress } from '../../src/model/address.ts';
import {
  compareServices,
  defaultServiceSettings,
  hostNetmask,
  parseServiceKey,
  type ServiceIdentity,
  serviceFamily,
  serviceKey,
} from '../../src/model/service.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

const identities: fc.Arbitrary<ServiceIdentity> = fc.oneof(
  fc.record({
    kind: fc.constant('address' as const),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
    address: fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => parseAddress(text) as Address),
    port: fc.oneof(fc.constantFrom(0, 80), fc.integer({ min: 0, max: 65535 })),
  }),
  fc.record({
    kind: fc.constant('fwmark' as const),
    fwmark: fc.oneof(fc.constantFrom(1, 0xffff_ffff), fc.integer({ min: 1, max: 0xffff_ffff })),
    family: fc.constantFrom('ipv4' as const, 'ipv6' as const),
  }),
);

const roundTrips = (format: (identity: ServiceIdentity) => string) =>
  fc.property(identities, (identity) => {
    const parsed = parseServiceKey(format(identity));
    expect(parsed).toEqual(identity);
  });

test('a key is read back as the identity that it was made from', async () => {
  await holds(roundTrips(serviceKey));
  await isBrokenBy(roundTrips((identity) => serviceKey(identity).replace('/ipv6', '')));
  await isBrokenBy(roundTrips((identity) => serviceKey(identity).replace('udp', 'tcp')));
});

test('different identities have different keys', async () => {
  const isInjective = (format: (identity: ServiceIdentity) => string) =>
    fc.property(
      identities,
      identities,
      (a, b) => (format(a) === format(b)) === (compareServices(a, b) === 0),
    );
  await holds(isInjective(serviceKey));
  await isBrokenBy(isInjective((identity) => serviceKey(identity).slice(0, 6)));
});

test.each([
  ['tcp://192.0.2.1:80', { kind: 'address', protocol: 'tcp', address: '192.0.2.1', port: 80 }],
  [
    'udp://[2001:DB8::1]:53',
    { kind: 'address', protocol: 'udp', address: '2001:db8::1', port: 53 },
  ],
  ['sctp://192.0.2.1', { kind: 'address', protocol: 'sctp', address: '192.0.2.1', port: 0 }],
  ['fwmark:7', { kind: 'fwmark', fwmark: 7, family: 'ipv4' }],
  ['fwmark:7/ipv4', { kind: 'fwmark', fwmark: 7, family: 'ipv4' }],
  ['fwmark:4294967295/ipv6', { kind: 'fwmark', fwmark: 4294967295, family: 'ipv6' }],
])('%s is a service', (text, identity) => {
  expect(parseServiceKey(text)).toEqual(identity);
});

test.each([
  '',
  'tcp',
  'tcp://',
  'tcp:192.0.2.1:80',
  'TCP://192.0.2.1:80',
  'icmp://192.0.2.1:80',
  'tcp://192.0.2.1:080',
  'tcp://192.0.2.01:80',
  'tcp://10.1:80',
  'tcp://192.0.2.1:80/',
  'tcp://192.0.2.1:80\n',
  ' tcp://192.0.2.1:80',
  'tcp://name:80',
  '192.0.2.1:80',
  'fwmark:',
  'fwmark:0',
  'fwmark:07',
  'fwmark:-1',
  'fwmark:4294967296',
  'fwmark:9999999999',
  'fwmark:0x7',
  'fwmark:7/ipv5',
  'fwmark:7/IPV6',
  'fwmark:7\n',
  'fwmark://7',
  'fwmark:7 /ipv6',
])('%j is no service', (text) => {
  expect(parseServiceKey(text)).toBeUndefined();
});

test('services sort by family, protocol, address and port, then by mark', () => {
  const sorted = [
    'tcp://9.0.0.1:80',
    'tcp://10.0.0.1:80',
    'tcp://10.0.0.1:443',
    'udp://9.0.0.1:53',
    'sctp://9.0.0.1:80',
    'tcp://[::1]:80',
    'udp://[::1]:53',
    'fwmark:1',
    'fwmark:1/ipv6',
    'fwmark:2',
    'fwmark:10',
  ].map((text) => parseServiceKey(text) as ServiceIdentity);
  expect([...sorted].reverse().sort(compareServices).map(serviceKey)).toEqual(
    sorted.map(serviceKey),
  );
});

test('services have a total order', async () => {
  const isTotal = (compare: (a: ServiceIdentity, b: ServiceIdentity) => number) =>
    fc.property(fc.array(identities, { minLength: 3, maxLength: 3 }), ([a, b, c]) => {
      if (!a || !b || !c) return false;
      const isAntisymmetric =
        Math.sign(compare(a, b)) === -Math.sign(compare(b, a)) || compare(a, b) === 0;
      return (
        isAntisymmetric &&
        Math.sign(compare(a, b)) + Math.sign(compare(b, a)) === 0 &&
        !(compare(a, b) < 0 && compare(b, c) < 0 && compare(a, c) >= 0)
      );
    });
  await holds(isTotal(compareServices));
  await isBrokenBy(isTotal((a, b) => (a.kind === b.kind ? compareServices(a, b) : -1)));
});

test.each([
  ['tcp://192.0.2.1:80', 'ipv4', 0xffff_ffff],
  ['tcp://[::1]:80', 'ipv6', 128],
  ['fwmark:7', 'ipv4', 0xffff_ffff],
  ['fwmark:7/ipv6', 'ipv6', 128],
] as const)(
  '%s is of family %s, and by default tells single clients apart',
  (text, family, netmask) => {
    expect(serviceFamily(parseServiceKey(text) as ServiceIdentity)).toBe(family);
    expect(hostNetmask(family)).toBe(netmask);
    expect(defaultServiceSettings(family)).toMatchObject({
      scheduler: 'wlc',
      persistent: false,
      persistenceNetmask: netmask,
    });
  },
);
