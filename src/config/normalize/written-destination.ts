import type { DestinationKeys, DestinationMapping } from '../config.ts';
import { atValue, type Path, type Place } from '../finding.ts';

/** One destination of the file, with the mappings that it inherits from. */
export interface WrittenDestination {
  readonly item: string | DestinationMapping;
  /** The keys of the reference to the pool. They have precedence over the keys of the item. */
  readonly override: DestinationKeys | undefined;
  readonly overridePath: Path;
  /** The nearest value of each key. */
  readonly keys: NearestKeys;
  /** The path of the list that has the item. */
  readonly listPath: Path;
  readonly index: number;
}

/**
 * The place of a key in the reference to the pool or in the item. For an inherited key, the place
 * of the item.
 */
export function placeOf(
  written: WrittenDestination,
  where: 'override' | 'item' | 'inherited',
  key: string,
): Place {
  if (where === 'override') return atValue(...written.overridePath, key);
  return where === 'item'
    ? atValue(...written.listPath, written.index, key)
    : atValue(...written.listPath, written.index);
}

/** The keys of a destination: their values, or anything else that there is one of for each. */
type Keyed<Values> = {
  readonly [Key in keyof DestinationKeys]?: Values[Key & keyof Values] | undefined;
};

/** The nearest value of each key. */
export type NearestKeys<Values = DestinationKeys> = {
  readonly [Key in keyof DestinationKeys]-?: Values[Key & keyof Values] | undefined;
};

/**
 * Merges two mappings of a destination; the nearer one has precedence: the reference to the pool
 * over the item, and the item over what it inherits. Of the places of the values, in place of the
 * values, it makes the places that the merged values come from.
 */
export function mergeKeys<Values = DestinationKeys>(
  near: Keyed<Values>,
  far: Keyed<Values>,
): NearestKeys<Values> {
  return {
    forward: near.forward ?? far.forward,
    weight: near.weight ?? far.weight,
    upper_threshold: near.upper_threshold ?? far.upper_threshold,
    lower_threshold: near.lower_threshold ?? far.lower_threshold,
    tunnel: near.tunnel ?? far.tunnel,
    preserve: near.preserve ?? far.preserve,
    health: near.health ?? far.health,
  };
}
