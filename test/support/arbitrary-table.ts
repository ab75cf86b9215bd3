import fc from 'fast-check';
import { type Address, addressFamily, type Family, parseAddress } from '../../src/model/address.ts';
import {
  DEFAULT_DESTINATION_SETTINGS,
  DESTINATION_NUMBERS,
  type Destination,
  type DestinationKey,
  type DestinationNumbers,
  destinationKey,
  MAX_THRESHOLD,
  MAX_WEIGHT,
} from '../../src/model/destination.ts';
import { allowsOnePacket, keepsPort, syncLengthRange } from '../../src/model/rules.ts';
import { SCHEDULERS } from '../../src/model/scheduler.ts';
import {
  MAX_FWMARK,
  MAX_PERSISTENCE_SECONDS,
  PROTOCOLS,
  type Service,
  type ServiceIdentity,
  type ServiceKey,
  serviceFamily,
  serviceKey,
} from '../../src/model/service.ts';
import {
  type Daemon,
  type DaemonRole,
  MAX_SYNC_ID,
  MAX_SYNC_LENGTH,
  MAX_TIMEOUT_SECONDS,
  type Timeouts,
} from '../../src/model/settings.ts';
import type { ServiceEntry, Table } from '../../src/model/table.ts';

/**
 * Returns small numbers often, so that keys collide and tables are readable, and any number
 * sometimes.
 */
function number(min: number, max: number): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min, max: Math.min(max, min + 3) }) },
    { weight: 1, arbitrary: fc.integer({ min, max }) },
  );
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(`not an address: ${text}`);
  return parsed;
}

const ipv4 = fc
  .oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0x0a00_0001, max: 0x0a00_0008 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 0xffff_fffe }) },
  )
  .map((value) =>
    address([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')),
  );

const ipv6 = fc
  .oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }).map((last) => `2001:db8::${last}`) },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
        .map((words) => words.map((word) => word.toString(16)).join(':')),
    },
    { weight: 1, arbitrary: fc.constantFrom('::1', '::10.0.0.1', 'fc00::1', '1:0:0:2::', '100::') },
  )
  .map(address);

export function addressArbitrary(family: Family): fc.Arbitrary<Address> {
  return family === 'ipv4' ? ipv4 : ipv6;
}

/**
 * Addresses that the kernel accepts for destinations: no multicast, and no link-local IPv6, which
 * it accepts only of the host.
 */
export function destinationAddressArbitrary(family: Family): fc.Arbitrary<Address> {
  return addressArbitrary(family).filter((candidate) =>
    addressFamily(candidate) === 'ipv4'
      ? Number(candidate.split('.')[0]) < 224 && !candidate.startsWith('0.')
      : !/^(?:ff|fe[89ab][0-9a-f]:|::ffff:|::$)/.test(candidate),
  );
}

const markIdentity = fc.record({
  kind: fc.constant('fwmark' as const),
  fwmark: number(1, MAX_FWMARK),
  family: fc.constantFrom<Family>('ipv4', 'ipv6'),
});

const addressIdentity = fc.record({
  kind: fc.constant('address' as const),
  protocol: fc.constantFrom(...PROTOCOLS),
  address: fc.oneof(ipv4, ipv6),
  port: fc.oneof(fc.constantFrom(0, 53, 80, 443), fc.integer({ min: 0, max: 65535 })),
});

export const serviceIdentityArbitrary: fc.Arbitrary<ServiceIdentity> = fc.oneof<
  fc.WeightedArbitrary<ServiceIdentity>[]
>({ weight: 3, arbitrary: addressIdentity }, { weight: 1, arbitrary: markIdentity });

/**
 * The settings of a service; `toService` fits them to an identity. There are no chains, because
 * building arbitraries takes most of the time.
 */
const serviceSettings = fc.record({
  scheduler: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom<string>(...SCHEDULERS) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('maglev2', 'x', 'no', 'null', 'a_b-c.d', '0', '123456789012345'),
    },
  ),
  schedulerFlags: fc.constantFrom(0, 0, 0, 0, 0x08, 0x10, 0x18, 0x20, 0x38),
  onePacket: fc.boolean(),
  persistent: fc.boolean(),
  timeout: number(1, MAX_PERSISTENCE_SECONDS),
  mask: fc.oneof(
    fc.constant(0xffff_ffff),
    fc
      .integer({ min: 0, max: 32 })
      .map((bits) => (bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0)),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  ),
  prefix: fc.oneof(fc.constant(128), fc.integer({ min: 1, max: 128 })),
  persistenceEngine: fc.constantFrom('', '', '', 'sip'),
});

type RawSettings = typeof serviceSettings extends fc.Arbitrary<infer T> ? T : never;

function toService(identity: ServiceIdentity, raw: RawSettings): Service {
  const persistent = raw.persistent || (identity.kind === 'address' && identity.port === 0);
  return {
    key: serviceKey(identity),
    identity,
    scheduler: raw.scheduler,
    schedulerFlags: raw.schedulerFlags,
    onePacket: raw.onePacket && allowsOnePacket(identity),
    persistent,
    persistenceTimeoutSeconds: persistent ? raw.timeout : 0,
    persistenceNetmask: serviceFamily(identity) === 'ipv6' ? raw.prefix : raw.mask,
    persistenceEngine: raw.persistenceEngine,
  };
}

/** Every setting that ipvsadm's `-A` can give to a service of this identity. */
export function serviceArbitrary(identity: ServiceIdentity): fc.Arbitrary<Service> {
  return serviceSettings.map((raw) => toService(identity, raw));
}

const tunnels = fc.oneof(
  fc.constant({ tunnelType: 'ipip' as const, tunnelPort: 0, tunnelChecksum: 'none' as const }),
  fc.record({
    tunnelType: fc.constant('gue' as const),
    tunnelPort: number(1, 65535),
    tunnelChecksum: fc.constantFrom('none' as const, 'csum' as const, 'remcsum' as const),
  }),
  fc.record({
    tunnelType: fc.constant('gre' as const),
    tunnelPort: fc.constant(0),
    tunnelChecksum: fc.constantFrom('none' as const, 'csum' as const),
  }),
);

/** Any number of each numeric attribute within its range. */
export const destinationNumbers = fc.record(
  Object.fromEntries(
    DESTINATION_NUMBERS.map(({ key, range }) => [key, number(range?.min ?? 0, range?.max ?? 0)]),
  ),
) as unknown as fc.Arbitrary<DestinationNumbers>;

const rawDestination = fc.record({
  numbers: destinationNumbers,
  forward: fc.constantFrom('masq' as const, 'route' as const, 'tunnel' as const),
  ipv4: destinationAddressArbitrary('ipv4'),
  ipv6: destinationAddressArbitrary('ipv6'),
  otherFamily: fc.boolean(),
  port: fc.oneof(fc.constantFrom(0, 80, 8080), fc.integer({ min: 0, max: 65535 })),
  tunnel: tunnels,
  weight: fc.oneof(fc.constantFrom(0, 1, 100), fc.integer({ min: 0, max: MAX_WEIGHT })),
  thresholds: fc.oneof(
    { weight: 2, arbitrary: fc.constant<[number, number]>([0, 0]) },
    { weight: 1, arbitrary: fc.tuple(number(0, MAX_THRESHOLD), number(0, MAX_THRESHOLD)) },
  ),
});

type RawDestination = typeof rawDestination extends fc.Arbitrary<infer T> ? T : never;

function toDestination(service: ServiceIdentity, mixed: boolean, raw: RawDestination): Destination {
  const own = serviceFamily(service);
  const family =
    mixed && raw.forward === 'tunnel' && raw.otherFamily ? (own === 'ipv4' ? 'ipv6' : 'ipv4') : own;
  // ipvsadm forces the port of the service on -g and -i, unless that is a mark.
  const port =
    service.kind === 'address' && keepsPort(service, raw.forward) ? service.port : raw.port;
  return {
    ...DEFAULT_DESTINATION_SETTINGS,
    ...raw.numbers,
    ...(raw.forward === 'tunnel' ? raw.tunnel : {}),
    forward: raw.forward,
    weight: raw.weight,
    upperThreshold: Math.max(...raw.thresholds),
    lowerThreshold: Math.min(...raw.thresholds),
    address: raw[family],
    port,
    key: destinationKey(raw[family], port),
  };
}

/**
 * Every destination that ipvsadm's `-a` can add to a service; `mixed` allows tunnels to the other
 * family.
 */
export function destinationArbitrary(
  service: ServiceIdentity,
  mixed = true,
): fc.Arbitrary<Destination> {
  return rawDestination.map((raw) => toDestination(service, mixed, raw));
}

export interface EntryOptions {
  /** True when tunnels to the other family may occur. Default true. */
  readonly mixed?: boolean;
  /** Default 4. */
  readonly maxDestinations?: number;
}

const rawEntry = (maxDestinations: number) =>
  fc.record({
    identity: serviceIdentityArbitrary,
    settings: serviceSettings,
    list: fc.array(rawDestination, { maxLength: maxDestinations }),
  });

type RawEntry = ReturnType<typeof rawEntry> extends fc.Arbitrary<infer T> ? T : never;

function toEntry({ identity, settings, list }: RawEntry, mixed: boolean): ServiceEntry {
  const destinations = list.map((raw) => toDestination(identity, mixed, raw));
  return {
    service: toService(identity, settings),
    destinations: new Map<DestinationKey, Destination>(
      destinations.map((item) => [item.key, item]),
    ),
  };
}

export function serviceEntryArbitrary({
  mixed = true,
  maxDestinations = 4,
}: EntryOptions = {}): fc.Arbitrary<ServiceEntry> {
  return rawEntry(maxDestinations).map((raw) => toEntry(raw, mixed));
}

export const timeoutsArbitrary: fc.Arbitrary<Timeouts> = fc.record({
  tcp: number(1, MAX_TIMEOUT_SECONDS),
  tcpFin: number(1, MAX_TIMEOUT_SECONDS),
  udp: number(1, MAX_TIMEOUT_SECONDS),
});

/** As the kernel reports a daemon that ipvsadm started. */
export function daemonArbitrary(role: DaemonRole): fc.Arbitrary<Daemon> {
  return fc
    .record({
      role: fc.constant(role),
      interface: fc.constantFrom('lo', 'eth0', 'eth1.100', 'br-lan', '0', 'no', 'a#b'),
      syncId: number(0, MAX_SYNC_ID),
      maxLength: number(syncLengthRange(role, undefined).min, MAX_SYNC_LENGTH),
      group: fc.constantFrom(...['224.0.0.81', '239.1.2.3', 'ff02::81', 'ff05::1:2'].map(address)),
      port: fc.oneof(fc.constant(8848), number(1, 65535)),
      ttl: number(1, 255),
    })
    .map((daemon) => {
      const { max } = syncLengthRange(role, daemon.group);
      return { ...daemon, maxLength: Math.min(daemon.maxLength, max) };
    });
}

export interface TableOptions {
  /** Default 5. */
  readonly maxServices?: number;
  readonly maxDestinations?: number;
  /** Default true. */
  readonly daemons?: boolean;
}

/**
 * Tables that ipvsadm can make in a real kernel; sync daemons and tunnels to another family exclude
 * each other there.
 */
export function tableArbitraryOf({
  maxServices = 5,
  maxDestinations = 4,
  daemons = true,
}: TableOptions = {}): fc.Arbitrary<Table> {
  const anyDaemons = daemons
    ? fc.oneof(
        { weight: 2, arbitrary: fc.constant<Daemon[]>([]) },
        { weight: 1, arbitrary: daemonArbitrary('master').map((daemon) => [daemon]) },
        { weight: 1, arbitrary: daemonArbitrary('backup').map((daemon) => [daemon]) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(daemonArbitrary('master'), daemonArbitrary('backup'))
            .map((pair) => [...pair]),
        },
      )
    : fc.constant<Daemon[]>([]);
  return fc
    .record({
      running: anyDaemons,
      timeouts: timeoutsArbitrary,
      list: fc.array(rawEntry(maxDestinations), { maxLength: maxServices }),
    })
    .map(({ running, timeouts, list }) => {
      const entries = list.map((raw) => toEntry(raw, running.length === 0));
      return {
        timeouts,
        daemons: running,
        services: new Map<ServiceKey, ServiceEntry>(
          entries.map((entry) => [entry.service.key, entry]),
        ),
      };
    });
}

export const tableArbitrary: fc.Arbitrary<Table> = tableArbitraryOf();
