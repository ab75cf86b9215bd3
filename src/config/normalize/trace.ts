import type { DestinationKey } from '../../model/destination.ts';
import type { Origin, Origins, ServiceOrigins } from '../../model/origin.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { DestinationKeys } from '../config.ts';
import { atValue, type Path, type Place } from '../finding.ts';
import { mergeKeys, type NearestKeys, type WrittenDestination } from './written-destination.ts';

/** The places of attributes, by their names in the file. */
export type Places = Map<string, Place>;

/**
 * Records where the values of one service come from, while the service is normalized. Usually there
 * is none: only an explanation needs it.
 */
export interface Trace {
  readonly service: ServiceKey;
  readonly places: Places;
  readonly destinations: Map<DestinationKey, Places>;
}

export function createTrace(service: ServiceKey): Trace {
  return { service, places: new Map(), destinations: new Map() };
}

/** The keys that the destinations of a service inherit. */
export interface Inherited {
  readonly keys: NearestKeys;
  /** The place of `preserve` in the service or its profile. Else it is that of the defaults. */
  readonly preservePlace: Place | undefined;
  /** The place of `health` in the service, its profile or the defaults. */
  readonly healthPlace: Place | undefined;
}

/** The places that the attributes of a destination come from: the merge of its keys, of places. */
export function placesOf(written: WrittenDestination, inherited: Inherited): Places {
  const { item, override = {}, overridePath, keys, listPath, index } = written;
  const inheritedPlaces = mergeKeys<PlaceOfKey>(
    {
      ...(inherited.preservePlace && { preserve: inherited.preservePlace }),
      ...(inherited.healthPlace && { health: inherited.healthPlace }),
    },
    placesIn(inherited.keys, ['defaults']),
  );
  const own = placesIn(typeof item === 'string' ? {} : item, [...listPath, index]);
  const { tunnel, ...others } = mergeKeys<PlaceOfKey>(
    placesIn(override, overridePath),
    mergeKeys<PlaceOfKey>(own, inheritedPlaces),
  );
  const places: Places = new Map();
  for (const [key, place] of Object.entries(others)) if (place) places.set(key, place);
  if (keys.forward === 'tunnel' && typeof tunnel === 'object')
    for (const key of Object.keys(keys.tunnel ?? {}))
      places.set(`tunnel.${key}`, atValue(...tunnel.path, key));
  return places;
}

type PlaceOfKey = { readonly [Key in keyof DestinationKeys]: Place };

function placesIn(keys: Partial<NearestKeys>, path: Path): PlaceOfKey {
  const written = Object.entries(keys).filter(([, value]) => value !== undefined);
  return Object.fromEntries(written.map(([key]) => [key, atValue(...path, key)]));
}

/** The places of a trace, as origins. */
export function originsOf(
  trace: Trace,
  positionOf: (place: Place) => Origin['position'],
): ServiceOrigins {
  const origins = (places: Places): Origins =>
    new Map(
      Array.from(places, ([attribute, place]) => [
        attribute,
        { ...kindOf(place), position: positionOf(place) },
      ]),
    );
  return {
    service: origins(trace.places),
    destinations: new Map(
      Array.from(trace.destinations, ([key, places]) => [key, origins(places)]),
    ),
  };
}

function kindOf(place: Place): Pick<Origin, 'kind' | 'name'> {
  const [section, name, list] = typeof place === 'number' ? [] : place.path;
  if (section === 'defaults') return { kind: 'defaults' };
  if (section === 'profiles') return { kind: 'profile', name: String(name) };
  if (section === 'pools') return { kind: 'pool', name: String(name) };
  return { kind: list === 'destinations' ? 'destination' : 'service' };
}
