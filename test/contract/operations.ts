import type { Operation } from '../../src/model/operation.ts';
import type { Table } from '../../src/model/table.ts';
import {
  type DestinationText,
  destinationOf,
  entryOf,
  type ServiceText,
  serviceOf,
} from '../support/tables.ts';

/** Returns the operations that add a service with its destinations, written as for `tableOf`. */
export function adding(text: string, settings: ServiceText = {}): Operation[] {
  return addingEntries({
    services: new Map([entryOf(text, settings)].map((entry) => [entry.service.key, entry])),
  });
}

/** Returns the operations that add every service of a table with its destinations. */
export function addingEntries({ services }: Pick<Table, 'services'>): Operation[] {
  return [...services.values()].flatMap(({ service, destinations }) => [
    { kind: 'add-service' as const, service },
    ...[...destinations.values()].map((destination) => ({
      kind: 'add-destination' as const,
      service: service.identity,
      destination,
    })),
  ]);
}

export function editService(
  text: string,
  settings: Omit<ServiceText, 'destinations'> = {},
): Operation {
  return { kind: 'edit-service', service: serviceOf(text, settings) };
}

export function deleteService(text: string): Operation {
  return { kind: 'delete-service', service: serviceOf(text).identity };
}

/** Returns an operation on one destination with the defaults of ipvsadm. */
export function onDestination(
  kind: 'add-destination' | 'edit-destination' | 'delete-destination',
  service: string,
  text: string,
  settings: Exclude<DestinationText[string], number> = {},
): Operation {
  return { kind, service: serviceOf(service).identity, destination: destinationOf(text, settings) };
}
