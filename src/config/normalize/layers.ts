import type { Config, HealthMapping, Profile } from '../config.ts';
import { atKey, atValue, type Path, type Place } from '../finding.ts';

/**
 * A mapping that a value may come from. Lists begin with the nearest: service, profile, defaults.
 */
export interface Layer<T> {
  readonly keys: T;
  readonly path: Path;
}

/** A value, and the layer that has it. */
export interface Picked<V> {
  readonly value: V;
  readonly place: Place;
  /** The index of the layer. */
  readonly depth: number;
}

/** The value of the nearest layer that has the key. */
export function pick<T, K extends keyof T & string>(
  layers: readonly Layer<T>[],
  key: K,
): Picked<NonNullable<T[K]>> | undefined {
  const depth = layers.findIndex(({ keys }) => keys[key] !== undefined && keys[key] !== null);
  const layer = layers[depth];
  if (!layer) return undefined;
  const value = layer.keys[key] as NonNullable<T[K]>;
  return { value, place: atValue(...layer.path, key), depth };
}

/** The checks of a service: its own, those of its profile, or those of the defaults. */
export function pickHealth(
  layers: readonly Layer<Profile>[],
  { defaults = {} }: Pick<Config, 'defaults'>,
): Picked<HealthMapping | string> | undefined {
  return pick([...layers, { keys: defaults as Profile, path: ['defaults'] }], 'health');
}

/** The place of a value in a mapping, and that of the whole value when it is no mapping. */
export function placeInside(
  { value, place }: Pick<Picked<unknown>, 'value' | 'place'>,
  key: string,
): Place {
  return typeof value === 'object' && typeof place === 'object'
    ? atValue(...place.path, key)
    : place;
}

/** The place of a value's key, for issues about a key that should not be there. */
export function keyPlace(place: Place): Place {
  return typeof place === 'number' ? place : atKey(...place.path);
}
