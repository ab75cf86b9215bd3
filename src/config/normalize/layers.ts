import { atKey, atValue, type Path, type Place } from '../finding.ts';

/** Mappings that a value may come from, the nearest first: a service, its profile, the defaults. */
export interface Layer<T> {
  readonly keys: T;
  readonly path: Path;
}

/** A value and the layer that it is from; the layer is undefined for a built-in default. */
export interface Picked<V> {
  readonly value: V;
  readonly place: Place;
  /** Position among the layers; Infinity for a built-in default. */
  readonly depth: number;
}

/** The value of the nearest layer that has the key. */
export function pick<T, K extends keyof T & string>(
  layers: readonly Layer<T>[],
  key: K,
): Picked<NonNullable<T[K]>> | undefined {
  for (const [depth, { keys, path }] of layers.entries()) {
    const value = keys[key];
    if (value !== undefined && value !== null)
      return { value, place: atValue(...path, key), depth };
  }
  return undefined;
}

/** The key at a layer, which is where to say that it should not be there. */
export function keyPlace(place: Place): Place {
  return typeof place === 'number' ? place : atKey(...place.path);
}
