import type { Desired } from '../../model/desired.ts';
import { DESTINATION_ATTRIBUTES, type DestinationKey } from '../../model/destination.ts';
import type { Origins, ServiceOrigins } from '../../model/origin.ts';
import { SERVICE_ATTRIBUTES, type ServiceKey } from '../../model/service.ts';

/**
 * The origins of a service that ipvsadm lines declare. The last line about an object sets all its
 * attributes: ipvsadm gives the ones that the line leaves out their defaults, also with -E and -e.
 */
export function originsInScript({ services, locate }: Desired, key: ServiceKey): ServiceOrigins {
  const lineOf = (
    attributes: readonly { readonly name: string }[],
    destination?: DestinationKey,
  ): Origins => {
    const position = locate(key, destination);
    if (!position) return new Map();
    return new Map(attributes.map(({ name }) => [name, { kind: 'line', position }]));
  };
  const destinations = services.get(key)?.destinations.keys() ?? [];
  return {
    service: lineOf(SERVICE_ATTRIBUTES),
    destinations: new Map(
      Array.from(destinations, (each) => [each, lineOf(DESTINATION_ATTRIBUTES, each)]),
    ),
  };
}
