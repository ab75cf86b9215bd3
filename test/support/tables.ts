import { parseAddress } from '../../src/model/address.ts';
import type { Desired } from '../../src/model/desired.ts';
import {
  DEFAULT_DESTINATION_SETTINGS,
  type Destination,
  type DestinationKey,
  type DestinationSettings,
  destinationKey,
} from '../../src/model/destination.ts';
import { parseEndpoint } from '../../src/model/endpoint.ts';
import type { Policy } from '../../src/model/policy.ts';
import {
  defaultServiceSettings,
  parseServiceKey,
  type Service,
  type ServiceKey,
  type ServiceSettings,
  serviceFamily,
  serviceKey,
} from '../../src/model/service.ts';
import { type Daemon, KERNEL_TIMEOUTS } from '../../src/model/settings.ts';
import type { ServiceEntry, Table } from '../../src/model/table.ts';

/** Returns a service with the defaults of ipvsadm, by the text of its key. */
export function serviceOf(text: string, settings: Partial<ServiceSettings> = {}): Service {
  const identity = parseServiceKey(text);
  if (!identity) throw new Error(`not a service: ${text}`);
  return {
    key: serviceKey(identity),
    identity,
    ...defaultServiceSettings(serviceFamily(identity)),
    ...settings,
  };
}

/** Returns a destination with the defaults of ipvsadm, by the text of its key. */
export function destinationOf(
  text: string,
  settings: Partial<DestinationSettings> = {},
): Destination {
  const endpoint = parseEndpoint(text);
  if (!endpoint) throw new Error(`not a destination: ${text}`);
  const { address, port = 0 } = endpoint;
  return {
    key: destinationKey(address, port),
    address,
    port,
    ...DEFAULT_DESTINATION_SETTINGS,
    ...settings,
  };
}

/** The settings of destinations by key. A number is the weight. */
export type DestinationText = Readonly<Record<string, number | Partial<DestinationSettings>>>;
export type ServiceText = Partial<ServiceSettings> & { readonly destinations?: DestinationText };

export function entryOf(
  text: string,
  { destinations = {}, ...settings }: ServiceText = {},
): ServiceEntry {
  const list = Object.entries(destinations).map(([key, value]) =>
    destinationOf(key, typeof value === 'number' ? { weight: value } : value),
  );
  return {
    service: serviceOf(text, settings),
    destinations: new Map(list.map((destination) => [destination.key, destination])),
  };
}

export function servicesOf(
  services: Readonly<Record<string, ServiceText>>,
): ReadonlyMap<ServiceKey, ServiceEntry> {
  const entries = Object.entries(services).map(([text, value]) => entryOf(text, value));
  return new Map(entries.map((entry) => [entry.service.key, entry]));
}

/**
 * Returns a table from its text: `tableOf({ 'tcp://192.0.2.1:80': { scheduler: 'rr', destinations:
 * { '10.0.0.1:80': 5 } } })`.
 */
export function tableOf(
  services: Readonly<Record<string, ServiceText>>,
  {
    timeouts = {},
    daemons = [],
  }: { readonly timeouts?: Partial<Table['timeouts']>; readonly daemons?: readonly Daemon[] } = {},
): Table {
  return { services: servicesOf(services), timeouts: { ...KERNEL_TIMEOUTS, ...timeouts }, daemons };
}

/** Returns a daemon with the values that the kernel fills in. */
export function daemonOf(
  role: Daemon['role'],
  settings: Partial<Omit<Daemon, 'role'>> = {},
): Daemon {
  return {
    role,
    interface: 'eth0',
    syncId: 1,
    maxLength: 1472,
    group: parseAddress('224.0.0.81'),
    port: 8848,
    ttl: 1,
    ...settings,
  };
}

/** Returns the desired state of a file that declares exactly these services, and nothing else. */
export function desiredOf(services: Table['services'], rest: Partial<Desired> = {}): Desired {
  return {
    services,
    timeouts: {},
    daemons: undefined,
    limits: {},
    names: new Map(),
    locate: () => undefined,
    ...rest,
  };
}

/** Returns the desired state of a file that declares a whole table. */
export function wholly(
  { services, timeouts, daemons, sysctls }: Table,
  rest: Partial<Desired> = {},
): Desired {
  const policy: Policy | undefined = sysctls && {
    manage: undefined,
    services: new Map(),
    sysctls: { mode: 'enforce', values: sysctls },
  };
  return desiredOf(services, { timeouts, daemons, ...(policy && { policy }), ...rest });
}

export function keyOf(text: string): ServiceKey {
  return serviceOf(text).key;
}

export function destinationKeyOf(text: string): DestinationKey {
  return destinationOf(text).key;
}
