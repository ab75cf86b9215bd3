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
type Keyed<Values> = { readonly [Key in keyof DestinationKeys]?: Values[Key & keyof Values] };

/** The nearest value of each key. */
export type NearestKeys<Values = DestinationKeys> = {
  readonly [Key in keyof DestinationKeys]-?: Values[Key & keyof Values] | undefined;
};

/**
 * Merges the keys of a destination. Those of the reference to the pool have precedence over those
 * of the item, and these over inherited ones. Of the places of the values, in place of the values,
 * it makes the places that the merged values come from.
 */
export function mergeKeys<Values = DestinationKeys>(
  override: Keyed<Values>,
  own: Keyed<Values>,
  inherited: Keyed<Values>,
): NearestKeys<Values> {
  return {
    forward: override.forward ?? own.forward ?? inherited.forward,
    weight: override.weight ?? own.weight ?? inherited.weight,
    upper_threshold: override.upper_threshold ?? own.upper_threshold ?? inherited.upper_threshold,
    lower_threshold: override.lower_threshold ?? own.lower_threshold ?? inherited.lower_threshold,
    tunnel: override.tunnel ?? own.tunnel ?? inherited.tunnel,
    preserve: override.preserve ?? own.preserve ?? inherited.preserve,
  };
}
