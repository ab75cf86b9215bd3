import fc from 'fast-check';
import type { Family } from '../../src/model/address.ts';
import {
  DESTINATION_NUMBERS,
  type Destination,
  type DestinationNumbers,
} from '../../src/model/destination.ts';
import { isMixedFamily } from '../../src/model/rules.ts';
import { hostNetmask, type Service, serviceFamily } from '../../src/model/service.ts';
import { DAEMON_ROLES, type Daemon, type Timeouts } from '../../src/model/settings.ts';
import type { ServiceEntry, Sysctls, Table } from '../../src/model/table.ts';
import { daemonOf, destinationOf, serviceOf } from './tables.ts';

/**
 * Tables of so few possible objects that two of them have most keys in common: plans are about the
 * objects that both tables have. Objects that the kernel refuses are left out, so that each table
 * could be live.
 */
export interface TablePair {
  readonly live: Table;
  readonly desired: Table;
}

export const SERVICE_TEXTS = [
  'tcp://192.0.2.1:80',
  'udp://192.0.2.1:53',
  'tcp://[2001:db8::1]:443',
  'fwmark:7',
  'fwmark:7/ipv6',
] as const;

const DESTINATION_TEXTS: Readonly<Record<Family, readonly string[]>> = {
  ipv4: ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.2:8080', '10.0.0.3:0'],
  ipv6: ['[2001:db8::a]:80', '[2001:db8::b]:80', '[2001:db8::b]:0'],
};

/** Each number of a destination is its default or another value. */
const numbers = fc.record(
  Object.fromEntries(
    DESTINATION_NUMBERS.map((row) => [row.key, fc.constantFrom(row.default, row.range?.max ?? 0)]),
  ),
) as unknown as fc.Arbitrary<DestinationNumbers>;

const weights = fc.constantFrom(0, 0, 1, 2, 100);

function destination(service: Service, text: string): fc.Arbitrary<Destination> {
  const plain = destinationOf(text);
  const isMixed = isMixedFamily(service.identity, plain.address);
  const thresholds = fc.constantFrom([0, 0] as const, [10, 0] as const, [10, 8] as const);
  const tunnels = fc.constantFrom(
    { tunnelType: 'ipip', tunnelPort: 0, tunnelChecksum: 'none' } as const,
    { tunnelType: 'gue', tunnelPort: 6080, tunnelChecksum: 'csum' } as const,
    { tunnelType: 'gre', tunnelPort: 0, tunnelChecksum: 'csum' } as const,
  );
  const forwards = isMixed
    ? fc.constant('tunnel' as const)
    : fc.constantFrom('route' as const, 'masq' as const, 'tunnel' as const);
  return fc
    .tuple(numbers, weights, forwards, thresholds, tunnels)
    .map(([others, weight, forward, [upperThreshold, lowerThreshold], tunnel]) => ({
      ...plain,
      ...others,
      weight,
      forward,
      upperThreshold,
      lowerThreshold,
      ...(forward === 'tunnel' ? tunnel : {}),
    }));
}

function service(text: string): fc.Arbitrary<Service> {
  const plain = serviceOf(text);
  const family = serviceFamily(plain.identity);
  const schedulers = fc.constantFrom('rr', 'wlc', 'mh', 'none');
  const persistence = fc.constantFrom(
    { persistent: false, persistenceTimeoutSeconds: 0 },
    { persistent: true, persistenceTimeoutSeconds: 360 },
  );
  const netmasks = fc.constantFrom(hostNetmask(family), family === 'ipv4' ? 0xffff_ff00 : 64);
  const engines = fc.constantFrom('', '', 'sip');
  return fc
    .tuple(schedulers, fc.constantFrom(0, 0x08, 0x18), fc.boolean(), persistence, netmasks, engines)
    .map(
      ([
        scheduler,
        schedulerFlags,
        onePacket,
        persistent,
        persistenceNetmask,
        persistenceEngine,
      ]) => ({
        ...plain,
        scheduler,
        schedulerFlags,
        onePacket,
        ...persistent,
        persistenceNetmask,
        persistenceEngine,
      }),
    );
}

const timeouts: fc.Arbitrary<Timeouts> = fc.record({
  tcp: fc.constantFrom(900, 60),
  tcpFin: fc.constantFrom(120, 30),
  udp: fc.constantFrom(300, 10),
});

const daemons: fc.Arbitrary<readonly Daemon[]> = fc
  .tuple(
    ...DAEMON_ROLES.map((role) =>
      fc.option(
        fc
          .record({ interface: fc.constantFrom('eth0', 'eth1'), syncId: fc.constantFrom(1, 2) })
          .map((settings) => daemonOf(role, settings)),
        { freq: 1, nil: undefined },
      ),
    ),
  )
  .map((slots) => slots.filter((daemon) => daemon !== undefined));

/** Sysctls. The kernel always has the same ones. */
const sysctls: fc.Arbitrary<Sysctls> = fc
  .tuple(fc.constantFrom('0', '1'), fc.constantFrom('3 50', '5 10'), fc.constantFrom('0', '3'))
  .map(
    ([reset, threshold, defence]) =>
      new Map(
        Object.entries({
          expire_nodest_conn: reset,
          sync_threshold: threshold,
          drop_entry: defence,
        }),
      ),
  );

/**
 * The origin of one object of the second table: mostly the first table, so that the two are
 * related.
 */
const sources = fc.constantFrom('same', 'same', 'other', 'absent');

function pairOf<T>(value: fc.Arbitrary<T>): fc.Arbitrary<readonly [T | undefined, T | undefined]> {
  return fc
    .tuple(fc.option(value, { nil: undefined }), fc.option(value, { nil: undefined }), sources)
    .map(([a, b, source]) => [a, source === 'same' ? a : source === 'other' ? b : undefined]);
}

/** A service in both tables, with settings and destinations that differ or not. */
function entryPair(
  text: string,
  texts: readonly string[],
): fc.Arbitrary<readonly [ServiceEntry | undefined, ServiceEntry | undefined]> {
  const plain = serviceOf(text);
  const settings = fc
    .tuple(service(text), service(text), fc.boolean())
    .map(([a, b, same]) => [a, same ? a : b] as const);
  const pools = fc.tuple(...texts.map((name) => pairOf(destination(plain, name))));
  const presence = fc.constantFrom(
    [true, true],
    [true, true],
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  );
  return fc.tuple(settings, pools, presence).map(([services, pool, [isLive, isDesired]]) => {
    const entry = (side: 0 | 1): ServiceEntry => {
      const present = pool.flatMap((pair) => pair[side] ?? []);
      return {
        service: services[side],
        destinations: new Map(present.map((found) => [found.key, found])),
      };
    };
    return [isLive ? entry(0) : undefined, isDesired ? entry(1) : undefined];
  });
}

export interface TableShape {
  readonly services?: readonly string[];
  /**
   * Destinations of the other family in some services; a table that has one runs no daemon. Default
   * true.
   */
  readonly mixedFamilies?: boolean;
}

/** A live table and a desired one that is an edit of it. */
export function tablePairs({
  services = SERVICE_TEXTS,
  mixedFamilies = true,
}: TableShape = {}): fc.Arbitrary<TablePair> {
  const entries = services.map((text) => {
    const own = DESTINATION_TEXTS[serviceFamily(serviceOf(text).identity)];
    const foreign = DESTINATION_TEXTS[
      serviceFamily(serviceOf(text).identity) === 'ipv4' ? 'ipv6' : 'ipv4'
    ].slice(0, 1);
    return entryPair(text, mixedFamilies ? [...own, ...foreign] : own);
  });
  const settings = fc.tuple(timeouts, timeouts, daemons, daemons, fc.boolean(), fc.boolean());
  return fc
    .tuple(fc.tuple(...entries), settings, sysctls, sysctls)
    .map(([pairs, [t0, t1, d0, d1, sameTimeouts, sameDaemons], s0, s1]) => ({
      live: assemble(pairs, 0, t0, d0, s0),
      desired: assemble(pairs, 1, sameTimeouts ? t0 : t1, sameDaemons ? d0 : d1, s1),
    }));
}

export const tables: fc.Arbitrary<Table> = tablePairs().map(({ live }) => live);

function assemble(
  pairs: readonly (readonly [ServiceEntry | undefined, ServiceEntry | undefined])[],
  side: 0 | 1,
  timeouts: Timeouts,
  daemons: readonly Daemon[],
  sysctls: Sysctls,
): Table {
  const entries = pairs.flatMap((pair) => pair[side] ?? []);
  const services = new Map(entries.map((entry) => [entry.service.key, entry]));
  return { services, timeouts, daemons: entries.some(isMixed) ? [] : daemons, sysctls };
}

function isMixed({ service: { identity }, destinations }: ServiceEntry): boolean {
  return [...destinations.values()].some(({ address }) => isMixedFamily(identity, address));
}
