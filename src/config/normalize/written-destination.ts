import type { DestinationKeys, DestinationMapping } from '../config.ts';
import { atValue, type Path, type Place } from '../finding.ts';

/** One destination as written, with what is written around it. */
export interface WrittenDestination {
  readonly item: string | DestinationMapping;
  /** Keys beside a reference to a pool, which win over those of the item. */
  readonly override: DestinationKeys | undefined;
  readonly overridePath: Path;
  readonly defaults: DestinationKeys;
  /** The list that has the item. */
  readonly listPath: Path;
  readonly index: number;
}

/** The place of a key: beside the reference to the pool, in the item itself, or, when it is inherited, of the item. */
export function placeOf(
  written: WrittenDestination,
  where: 'override' | 'own' | 'item',
  key: string,
): Place {
  if (where === 'override') return atValue(...written.overridePath, key);
  return where === 'own'
    ? atValue(...written.listPath, written.index, key)
    : atValue(...written.listPath, written.index);
}
