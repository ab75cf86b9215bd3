import type { DestinationKey } from '../../model/destination.ts';
import type { Position } from '../../model/issue.ts';
import { atValue, type Path, type Place } from '../finding.ts';
import type { Offsets } from '../read/document.ts';

/**
 * The low 28 bits of a number are the index in a list. The other bits of a safe integer number the
 * lists.
 */
const LIST = 2 ** 28;

interface List {
  readonly offsets: Offsets;
  readonly path: Path;
}

/**
 * The places of the destinations of one service, in the order of its map. Each takes one number:
 * that of its list, and its index there.
 */
export interface ItemOrigins {
  readonly lists: List[];
  readonly items: number[];
}

export function createOrigins(): ItemOrigins {
  return { lists: [], items: [] };
}

/** Registers a list that destinations come from, and returns its number for `addOrigin`. */
export function addList(origins: ItemOrigins, offsets: Offsets, path: Path): number {
  return origins.lists.push({ offsets, path }) - 1;
}

export function addOrigin(origins: ItemOrigins, list: number, index: number): void {
  origins.items.push(list * LIST + index);
}

/** The place of a destination by its index in the service's map. */
export function originPlace(origins: ItemOrigins, ordinal: number): Place {
  const found = originAt(origins, ordinal);
  return found ? atValue(...found.list.path, found.index) : 0;
}

function originAt({ lists, items }: ItemOrigins, ordinal: number) {
  const packed = items[ordinal];
  const list = packed === undefined ? undefined : lists[Math.floor(packed / LIST)];
  return packed === undefined || !list ? undefined : { list, index: packed % LIST };
}

/** Returns a lookup of positions by key in one service. The first call builds its index. */
export function destinationLocator(
  keys: () => Iterable<DestinationKey>,
  origins: ItemOrigins,
  positionOf: (offset: number) => Position,
): (key: DestinationKey) => Position | undefined {
  let ordinals: Map<DestinationKey, number> | undefined;
  return (key) => {
    ordinals ??= new Map(Array.from(keys(), (known, ordinal) => [known, ordinal]));
    const ordinal = ordinals.get(key);
    const found = ordinal === undefined ? undefined : originAt(origins, ordinal);
    const offset = found?.list.offsets()?.[found.index];
    return offset === undefined ? undefined : positionOf(offset);
  };
}
