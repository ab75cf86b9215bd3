import fc from 'fast-check';
import { type Address, type Family, readAddress } from '../../src/model/address.ts';
import {
  DEFAULT_DESTINATION_SETTINGS,
  type Destination,
  destinationKey,
} from '../../src/model/destination.ts';
import {
  hostNetmask,
  PROTOCOLS,
  type Service,
  type ServiceIdentity,
  serviceFamily,
  serviceKey,
} from '../../src/model/service.ts';
import type { ServiceEntry, Table } from '../../src/model/table.ts';
import { destinationNumbers } from './arbitrary-table.ts';

const ports = fc.oneof(fc.constantFrom(1, 80, 443, 65_535), fc.integer({ min: 1, max: 65_535 }));
const schedulers = fc.constantFrom('rr', 'wrr', 'lc', 'wlc', 'sh', 'mh', 'fo', 'none');

/** Any address with a unicast first byte, so that a kernel accepts it as a destination. */
export function addresses(family: Family): fc.Arbitrary<Address> {
  const rest = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })), {
    minLength: 16,
    maxLength: 16,
  });
  const first =
    family === 'ipv4'
      ? fc.constantFrom(1, 10, 100, 172, 192, 223)
      : fc.constantFrom(0x20, 0x26, 0xfd);
  return fc
    .tuple(first, rest)
    .map(([head, bytes]) =>
      readAddress(
        family,
        new Uint8Array([head, ...bytes.slice(1, 15), 1 + ((bytes[15] ?? 0) % 250)]),
        0,
      ),
    );
}

const identities: fc.Arbitrary<ServiceIdentity> = fc
  .constantFrom<Family>('ipv4', 'ipv6')
  .chain((family) =>
    fc.oneof(
      fc.record({
        kind: fc.constant('fwmark' as const),
        fwmark: fc.integer({ min: 1, max: 0xffff_ffff }),
        family: fc.constant(family),
      }),
      fc.record({
        kind: fc.constant('address' as const),
        protocol: fc.constantFrom(...PROTOCOLS),
        address: addresses(family),
        port: ports,
      }),
    ),
  );

function services(identity: ServiceIdentity): fc.Arbitrary<Service> {
  const family = serviceFamily(identity);
  const mayBeOnePacket = identity.kind === 'fwmark' || identity.protocol === 'udp';
  const netmask =
    family === 'ipv4'
      ? fc.constantFrom(0xffff_ffff, 0xffff_ff00, 0xff00_ff00, 0)
      : fc.integer({ min: 1, max: 128 });
  return fc
    .record({
      scheduler: schedulers,
      schedulerFlags: fc.integer({ min: 0, max: 7 }).map((bits) => bits << 3),
      onePacket: mayBeOnePacket ? fc.boolean() : fc.constant(false),
      persistenceTimeoutSeconds: fc.oneof(
        fc.constant(0),
        fc.constant(360),
        fc.integer({ min: 1, max: 2_678_400 }),
      ),
      netmask,
      engine: fc.constantFrom('', '', 'sip'),
    })
    .map(
      ({
        scheduler,
        schedulerFlags,
        onePacket,
        persistenceTimeoutSeconds,
        netmask: mask,
        engine,
      }) => ({
        ...{
          key: serviceKey(identity),
          identity,
          scheduler,
          schedulerFlags,
          onePacket,
          persistenceTimeoutSeconds,
        },
        persistent: persistenceTimeoutSeconds > 0,
        persistenceNetmask: persistenceTimeoutSeconds > 0 ? mask : hostNetmask(family),
        persistenceEngine: engine,
      }),
    );
}

const tunnels = fc.oneof(
  fc.constant({ tunnelType: 'ipip', tunnelPort: 0, tunnelChecksum: 'none' } as const),
  fc.record({
    tunnelType: fc.constant('gue' as const),
    tunnelPort: ports,
    tunnelChecksum: fc.constantFrom('none', 'csum', 'remcsum'),
  }),
  fc.record({
    tunnelType: fc.constant('gre' as const),
    tunnelPort: fc.constant(0),
    tunnelChecksum: fc.constantFrom('none', 'csum'),
  }),
);

function destinations(service: ServiceIdentity): fc.Arbitrary<Destination> {
  const own = serviceFamily(service);
  return fc
    .record({
      forward: fc.constantFrom('masq', 'route', 'tunnel'),
      ownFamily: fc.boolean(),
      weight: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(0x7fff_ffff)),
      thresholds: fc.oneof(
        fc.constant([0, 0]),
        fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1000 })),
      ),
      numbers: destinationNumbers,
      tunnel: tunnels,
      port: ports,
    })
    .chain(({ forward, ownFamily, numbers, weight, thresholds, tunnel, port }) => {
      const family = forward !== 'tunnel' || ownFamily ? own : own === 'ipv4' ? 'ipv6' : 'ipv4';
      const settings = {
        ...DEFAULT_DESTINATION_SETTINGS,
        ...numbers,
        forward,
        weight,
        ...(forward === 'tunnel' ? tunnel : {}),
      };
      const [lowerThreshold = 0, upperThreshold = 0] = [...thresholds].sort((a, b) => a - b);
      const givenPort = forward === 'masq' || service.kind === 'fwmark' ? port : service.port;
      return addresses(family).map((address) => ({
        ...{
          key: destinationKey(address, givenPort),
          address,
          port: givenPort,
          ...settings,
          lowerThreshold,
          upperThreshold,
        },
      }));
    });
}

export const saveableEntries: fc.Arbitrary<ServiceEntry> = identities.chain((identity) =>
  fc
    .tuple(services(identity), fc.array(destinations(identity), { maxLength: 4 }))
    .map(([service, list]) => ({
      service,
      destinations: new Map(list.map((destination) => [destination.key, destination])),
    })),
);

/**
 * The services of tables that the save format can hold, with everything that ipvsadm can put into a
 * kernel.
 */
export const saveableTables: fc.Arbitrary<Pick<Table, 'services'>> = fc
  .array(saveableEntries, { minLength: 1, maxLength: 5 })
  .map((entries) => ({ services: new Map(entries.map((entry) => [entry.service.key, entry])) }));
