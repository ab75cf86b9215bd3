import { addressFamily, type Family } from '../model/address.ts';
import type { Desired } from '../model/desired.ts';
import type { Destination, Forward } from '../model/destination.ts';
import { type Service, type ServiceKey, serviceFamily } from '../model/service.ts';
import type { Facts } from './facts.ts';

/** A destination that the files ask for, with its service. */
export interface DesiredDestination {
  readonly service: Service;
  readonly destination: Destination;
}

export function* desiredDestinations(
  desired: Desired | undefined,
  ...forwards: readonly Forward[]
): Generator<DesiredDestination> {
  for (const { service, destinations } of desired?.services.values() ?? [])
    for (const destination of destinations.values())
      if (forwards.includes(destination.forward)) yield { service, destination };
}

/** Returns the destinations of some methods that are other machines, as far as is known. */
export function remoteDestinations(
  { desired, kernel }: Pick<Facts, 'desired' | 'kernel'>,
  ...forwards: readonly Forward[]
): DesiredDestination[] {
  return [...desiredDestinations(desired, ...forwards)].filter(({ destination }) => {
    const route = kernel.network.isKnown && kernel.network.value.routes.get(destination.address);
    return typeof route !== 'object' || !route.isLocal;
  });
}

export function ofFamily(
  destinations: readonly DesiredDestination[],
  family: Family,
): DesiredDestination[] {
  return destinations.filter(({ destination }) => addressFamily(destination.address) === family);
}

/** The part of destinations whose services, and so whose clients, are of a family. */
export function ofClients(
  destinations: readonly DesiredDestination[],
  family: Family,
): DesiredDestination[] {
  return destinations.filter(({ service }) => serviceFamily(service.identity) === family);
}

const FTP_PORT = 21;

/** Returns the services of FTP that need a helper: it changes addresses inside of packets. */
export function ftpServices(desired: Desired | undefined): ServiceKey[] {
  const found = new Set<ServiceKey>();
  for (const { service } of desiredDestinations(desired, 'masq')) {
    const { identity } = service;
    if (identity.kind === 'address' && identity.protocol === 'tcp' && identity.port === FTP_PORT)
      found.add(service.key);
  }
  return [...found];
}

/** The services of the files by a value, such as their scheduler, in the order of the files. */
export function servicesBy(
  desired: Desired | undefined,
  select: (service: Service) => string,
): ReadonlyMap<string, readonly ServiceKey[]> {
  const found = new Map<string, ServiceKey[]>();
  for (const { service } of desired?.services.values() ?? []) {
    const keys = found.get(select(service));
    if (keys) keys.push(service.key);
    else found.set(select(service), [service.key]);
  }
  return found;
}
