import { MAPPINGS, type MappingKind } from '../config.ts';

/** A mapping or list of a configuration, for the order of its keys and the form of its entries. */
export type Kind = MappingKind | 'values' | 'profiles' | 'pools';

/** The kinds below a key. A list passes its own kind on to its entries. */
const BELOW: Readonly<Record<string, Kind>> = {
  manage: 'manage',
  include: 'selector',
  exclude: 'selector',
  limits: 'limits',
  defaults: 'defaults',
  timeouts: 'timeouts',
  sync_daemons: 'syncDaemon',
  sysctls: 'sysctls',
  values: 'values',
  profiles: 'profiles',
  pools: 'pools',
  services: 'service',
  destinations: 'destination',
  persistence: 'persistence',
  drain: 'drain',
  health: 'health',
  http: 'httpCheck',
  udp: 'udpCheck',
  dns: 'dnsCheck',
  command: 'commandCheck',
  fallback: 'destination',
  tunnel: 'tunnel',
};

/** The keys of a service and a profile: what it is, how it schedules, and where to. */
const SERVICE_ORDER: readonly string[] = [
  ...['name', 'address', 'family', 'nodes', 'profile', 'scheduler', 'scheduler_flags'],
  ...['one_packet', 'persistence', 'drain', 'health', 'preserve', 'protect'],
  'destinations',
];

/** The order of the keys of each kind. A kind without one keeps that of the file. */
export const KEY_ORDERS: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  ...Object.fromEntries(Object.entries(MAPPINGS).map(([kind, { keys }]) => [kind, keys])),
  service: SERVICE_ORDER,
  profile: SERVICE_ORDER,
  destination: ['pool', ...MAPPINGS.destination.keys],
  persistence: ['enabled', 'timeout', 'netmask', 'engine'],
};

/** The kind of what a key of a mapping has. */
export function kindBelow(kind: Kind, key: string): Kind {
  if (kind === 'profiles') return 'profile';
  if (kind === 'pools') return 'destination';
  return BELOW[key] ?? 'values';
}

/**
 * Sorts the keys of a mapping. A merge key comes first, and names that a person chose stay in their
 * order.
 */
export function inOrder<T>(kind: Kind, items: readonly T[], keyOf: (item: T) => string): T[] {
  const order = KEY_ORDERS[kind];
  if (!order) return [...items];
  const rank = (item: T): number => order.indexOf(keyOf(item));
  return [...items].sort((a, b) => rank(a) - rank(b));
}
