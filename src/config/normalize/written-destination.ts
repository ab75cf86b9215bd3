import type { DestinationKeys, DestinationMapping } from '../config.ts';
import { atValue, type Path, type Place } from '../finding.ts';

/** One destination of the file, with the mappings that it inherits from. */
export interface WrittenDestination {
  readonly item: string | DestinationMapping;
  /** The keys of the reference to the pool. They have precedence over the keys of the item. */
  readonly override: DestinationKeys | undefined;
  readonly overridePath: Path;
  readonly defaults: DestinationKeys;
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
