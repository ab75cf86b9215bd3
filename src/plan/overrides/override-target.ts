import { IpvstateError } from '../../errors.ts';
import type { Destination, DestinationKey } from '../../model/destination.ts';
import { formatEndpoint, parseEndpoint } from '../../model/endpoint.ts';
import { nearest } from '../../model/nearest.ts';
import type { Override, OverrideTarget } from '../../model/override.ts';
import { parseServiceKey, type ServiceKey, serviceKey } from '../../model/service.ts';
import type { ServiceEntry } from '../../model/table.ts';
import { findDestination, findService, isDestinationNamed } from '../find-service.ts';

/** The words that an operator names destinations with. */
export interface OverrideSelector {
  /** The address or the name of a service. null: every service. */
  readonly service: string | null;
  /** Addresses, with or without ports. Empty: every destination of the service. */
  readonly destinations: readonly string[];
}

/** The services that a selector can name. */
export interface Nameable {
  readonly services: ReadonlyMap<ServiceKey, ServiceEntry>;
  readonly names: ReadonlyMap<ServiceKey, string>;
}

/**
 * Finds the destinations that a selector names. Throws `USAGE` for a name of none or several, and
 * for an object that only the `live` table has.
 */
export function targetsOf(
  selector: OverrideSelector,
  nameable: Nameable,
  live?: Nameable['services'],
): OverrideTarget[] {
  const { service: name, destinations: words } = selector;
  refuseUnlisted(selector, nameable, live);
  if (name === null) {
    const all = [...nameable.services.values()].flatMap(({ destinations }) => [
      ...destinations.values(),
    ]);
    return words.map((word) => ({ service: null, destination: everywhere(word, all) }));
  }
  const service = findService(name, { keys: nameable.services.keys(), names: nameable.names });
  if (words.length === 0) return [{ service, destination: null }];
  const own = [...(nameable.services.get(service)?.destinations.values() ?? [])];
  return words.map((word) => ({ service, destination: destinationNamed(word, service, own) }));
}

/** Says of an object that is live and in no file that it is there, and which commands change it. */
function refuseUnlisted(
  { service: name, destinations: words }: OverrideSelector,
  { services, names }: Nameable,
  live: Nameable['services'] | undefined,
): void {
  const identity = name === null ? undefined : parseServiceKey(name);
  const [named] = [...names].find(([, each]) => each === name) ?? [];
  const key = identity ? serviceKey(identity) : named;
  const found = key && live?.get(key);
  if (!found) return;
  const listed = services.get(key)?.destinations;
  const isIn = (keys: Iterable<DestinationKey>, word: string): boolean =>
    [...keys].some((each) => isDestinationNamed(each, word));
  const unlisted = words.find(
    (word) => isIn(found.destinations.keys(), word) && !isIn(listed?.keys() ?? [], word),
  );
  if (listed && unlisted === undefined) return;
  const object = listed ? `${unlisted} of ${key}` : key;
  throw new IpvstateError('USAGE', `${object} is in the kernel, and in no file`, {
    hint: 'Overrides are about what files have. `ipvstate ipvsadm` changes other objects.',
  });
}

/** Tells what a selector selects, to end overrides. */
export interface Selection {
  /** True for an override of the service, of the destination, or of both. */
  readonly covers: (override: Override) => boolean;
  readonly includes: (service: ServiceKey, destination: DestinationKey) => boolean;
}

/**
 * Finds what a selector selects among the overrides. They may be about objects that no table has
 * any more. Throws `USAGE` for a name of none or several; without `nameable`, nobody knows which
 * objects there are, and an unknown address selects nothing.
 */
export function selectionOf(
  { service: name, destinations: words }: OverrideSelector,
  nameable: Nameable | undefined,
  overrides: readonly Override[],
): Selection {
  const service = name === null ? null : serviceNamed(name, nameable, overrides);
  const isOfService = (override: Override): boolean =>
    service === null || override.service === service;
  if (words.length === 0)
    return { covers: isOfService, includes: (key) => service === null || key === service };
  const named = overrides.filter(isOfService).flatMap(({ destination }) => destination ?? []);
  const live = [...(nameable?.services ?? [])].flatMap(([key, { destinations }]) =>
    service === null || key === service ? [...destinations.values()] : [],
  );
  const ends = words.map((word) => {
    const isNamed = (destination: string | null): boolean =>
      destination !== null && isDestinationNamed(destination, word);
    if (!named.some(isNamed)) {
      // An unknown address is a mistake. A known one without an override has nothing to end.
      if (!nameable) endpointOf(word);
      else if (service === null) everywhere(word, live);
      else destinationNamed(word, service, live);
    }
    return isNamed;
  });
  return {
    covers: (override) =>
      isOfService(override) && ends.some((isNamed) => isNamed(override.destination)),
    includes: (key, destination) =>
      (service === null || key === service) && ends.some((isNamed) => isNamed(destination)),
  };
}

/** Finds a service of the files or of an override. */
function serviceNamed(
  name: string,
  nameable: Nameable | undefined,
  overrides: readonly Override[],
): ServiceKey {
  const identity = parseServiceKey(name);
  if (!nameable && identity) return serviceKey(identity);
  const { services, names } = nameable ?? { services: new Map(), names: new Map() };
  const keys = new Set<ServiceKey>(services.keys());
  for (const { service } of overrides)
    if (service !== null && parseServiceKey(service)) keys.add(service);
  return findService(name, { keys, names });
}

/** Finds a destination of a service. Throws `USAGE`, also for a word that is no address. */
function destinationNamed(
  word: string,
  service: ServiceKey,
  destinations: readonly Destination[],
): DestinationKey {
  endpointOf(word);
  return findDestination(
    word,
    service,
    destinations.map(({ key }) => key),
  );
}

/** Returns the address, or the key, of a server wherever it is. */
function everywhere(word: string, destinations: readonly Destination[]): string {
  const { address, port } = endpointOf(word);
  const text = port === undefined ? address : formatEndpoint(address, port);
  if (destinations.some((each) => each.address === address && (port ?? each.port) === each.port))
    return text;
  throw new IpvstateError('USAGE', `no service has a destination ${word}`, {
    hint: hintFor(word, [...new Set(destinations.map(({ address: each }) => each))], 'addresses'),
  });
}

function endpointOf(word: string): NonNullable<ReturnType<typeof parseEndpoint>> {
  const endpoint = parseEndpoint(word);
  if (endpoint) return endpoint;
  throw new IpvstateError('USAGE', `${word} is no address of a destination`, {
    hint: 'Write it as in the plan, such as 10.1.0.11:443, 10.1.0.11 or [2001:db8::1]:443.',
  });
}

const SHOWN = 5;

function hintFor(text: string, known: readonly string[], noun: string): string {
  const near = nearest(text, known);
  if (near.length > 0) return `Did you mean ${near.join(' or ')}?`;
  if (known.length === 0) return `There are no ${noun}.`;
  const more = known.length > SHOWN ? ` and ${known.length - SHOWN} more` : '';
  return `The ${noun} are ${known.slice(0, SHOWN).join(', ')}${more}.`;
}
