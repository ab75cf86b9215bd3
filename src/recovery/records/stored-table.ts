import { parseAddress } from '../../model/address.ts';
import { defaultsOf, type Row } from '../../model/attributes.ts';
import {
  DEFAULT_DESTINATION_SETTINGS,
  DESTINATION_ATTRIBUTES,
  type Destination,
  type DestinationKey,
  destinationKey,
  FORWARDS,
  TUNNEL_CHECKSUMS,
  TUNNEL_TYPES,
} from '../../model/destination.ts';
import { parseEndpoint } from '../../model/endpoint.ts';
import {
  defaultServiceSettings,
  parseServiceKey,
  SERVICE_ATTRIBUTES,
  type Service,
  type ServiceKey,
  serviceFamily,
  serviceKey,
} from '../../model/service.ts';
import {
  DAEMON_ATTRIBUTES,
  DAEMON_ROLES,
  type Daemon,
  KERNEL_TIMEOUTS,
  type RunningDaemon,
  type Timeouts,
} from '../../model/settings.ts';
import { isCount, isFlag, isObject, isText, oneOf, type Shape } from '../../model/shape.ts';
import type { ServiceEntry } from '../../model/table.ts';

/** The parts of a table that are stored. */
interface TableParts {
  readonly services: ReadonlyMap<ServiceKey, ServiceEntry>;
  readonly timeouts?: Timeouts;
  readonly daemons?: readonly RunningDaemon[];
}

/**
 * Turns any table into data. A configuration could not express every table: another program can put
 * into the kernel what a file refuses, and a rollback must bring that back too. Keys stand for
 * identities. Settings that have ipvsadm's default are left out. A run that cannot write its record
 * is rolled back from this data itself.
 */
export function storeTable({ services, timeouts, daemons }: TableParts): unknown {
  return {
    services: [...services.values()].map(storeService),
    ...(timeouts && { timeouts }),
    ...(daemons && { daemons: daemons.map(({ isStranded: _lost, ...daemon }) => daemon) }),
  };
}

/** Turns a service with its destinations into data, as `storeTable` does. */
export function storeService({ service, destinations }: ServiceEntry): unknown {
  const defaults = defaultServiceSettings(serviceFamily(service.identity));
  return {
    ...withoutDefaults(service, SERVICE_ATTRIBUTES, defaults),
    destinations: [...destinations.values()].map(storeDestination),
  };
}

/** Turns a destination into data, as `storeTable` does. */
export function storeDestination(destination: Destination): StoredObject {
  return withoutDefaults(destination, DESTINATION_ATTRIBUTES, DEFAULT_DESTINATION_SETTINGS);
}

/** The key of an object, and its settings that are no default. */
export interface StoredObject {
  readonly key: string;
  readonly [setting: string]: string | number | boolean;
}

function withoutDefaults<Owner extends Settings & { readonly key: string }, Settings>(
  owner: Owner,
  rows: readonly Row<Owner, Settings>[],
  defaults: Settings,
): StoredObject {
  const stored: Record<string, unknown> & { key: string } = { key: owner.key };
  for (const { key } of rows) {
    const value: Settings[keyof Settings] = owner[key];
    if (value !== defaults[key]) stored[key as string] = value;
  }
  return stored as StoredObject;
}

/** Turns data back into a table. Returns undefined for data that `storeTable` does not write. */
export function loadTable(stored: unknown): TableParts | undefined {
  if (!isObject(stored) || !Array.isArray(stored.services)) return undefined;
  const services = new Map<ServiceKey, ServiceEntry>();
  for (const value of stored.services) {
    const entry = loadEntry(value);
    if (!entry) return undefined;
    services.set(entry.service.key, entry);
  }
  const timeouts =
    stored.timeouts === undefined ? undefined : overlay(KERNEL_TIMEOUTS, stored.timeouts);
  const daemons = stored.daemons === undefined ? undefined : loadDaemons(stored.daemons);
  if ((stored.timeouts !== undefined && !timeouts) || (stored.daemons !== undefined && !daemons))
    return undefined;
  return { services, ...(timeouts && { timeouts }), ...(daemons && { daemons }) };
}

function loadEntry(stored: unknown): ServiceEntry | undefined {
  if (!isObject(stored)) return undefined;
  const { key, destinations: list, ...rest } = stored;
  const identity = typeof key === 'string' ? parseServiceKey(key) : undefined;
  if (!identity || serviceKey(identity) !== key || !Array.isArray(list)) return undefined;
  const settings = overlay(defaultServiceSettings(serviceFamily(identity)), rest);
  if (!settings) return undefined;
  const service: Service = { key: serviceKey(identity), identity, ...settings };
  const destinations = new Map<DestinationKey, Destination>();
  for (const value of list) {
    const destination = loadDestination(value);
    if (!destination) return undefined;
    destinations.set(destination.key, destination);
  }
  return { service, destinations };
}

function loadDestination(stored: unknown): Destination | undefined {
  if (!isObject(stored)) return undefined;
  const { key, ...rest } = stored;
  const endpoint = typeof key === 'string' ? parseEndpoint(key) : undefined;
  const settings = overlay(DEFAULT_DESTINATION_SETTINGS, rest);
  if (!endpoint || !settings) return undefined;
  const { address, port = 0 } = endpoint;
  return { key: destinationKey(address, port), address, port, ...settings };
}

const { group: _group, ...DAEMON_DEFAULTS } = defaultsOf(DAEMON_ATTRIBUTES);
const DAEMON: Omit<Daemon, 'group'> = { role: 'master', ...DAEMON_DEFAULTS };

function loadDaemons(stored: unknown): readonly Daemon[] | undefined {
  if (!Array.isArray(stored)) return undefined;
  const daemons = stored.flatMap((value) => {
    if (!isObject(value)) return [];
    const { group, ...rest } = value;
    const daemon = overlay(DAEMON, rest);
    const address = typeof group === 'string' ? parseAddress(group) : undefined;
    const isSound = daemon && (group === undefined || address !== undefined);
    return isSound ? [{ ...daemon, group: address }] : [];
  });
  return daemons.length === stored.length ? daemons : undefined;
}

/**
 * Puts stored settings over the defaults. Returns undefined when one has an unknown name, or a
 * value that no request to the kernel can carry.
 */
function overlay<T extends object>(defaults: T, stored: unknown): T | undefined {
  if (!isObject(stored)) return undefined;
  const isSound = Object.entries(stored).every(
    ([name, value]) =>
      Object.hasOwn(defaults, name) &&
      typeof value === typeof defaults[name as keyof T] &&
      isCarried(name, value),
  );
  return isSound ? { ...defaults, ...stored } : undefined;
}

/** Words of the model. Any other text is a name for the kernel to judge. */
const WORDS: Readonly<Record<string, Shape<string>>> = {
  role: oneOf(DAEMON_ROLES),
  forward: oneOf(FORWARDS),
  tunnelType: oneOf(TUNNEL_TYPES),
  tunnelChecksum: oneOf(TUNNEL_CHECKSUMS),
};

/** The largest values of numbers that have less than 32 bits (uapi: linux/ip_vs.h). */
const NARROW: Readonly<Record<string, number>> = {
  tunnelPort: 0xffff,
  maxLength: 0xffff,
  port: 0xffff,
  ttl: 0xff,
};

function isCarried(name: string, value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      return isCount(value) && value <= (NARROW[name] ?? 0xffff_ffff);
    case 'string':
      return (WORDS[name] ?? isName)(value);
    default:
      return isFlag(value);
  }
}

function isName(value: unknown): value is string {
  return isText(value) && !value.includes('\0');
}
