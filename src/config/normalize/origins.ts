import type { DestinationKey } from '../../model/destination.ts';
import type { Position } from '../../model/issue.ts';
import { atValue, type Path, type Place } from '../finding.ts';
import type { ItemOffsets } from '../read/document.ts';

/**
 * The low 28 bits of a number are the index in a list. The other bits of a safe integer number the
 * lists.
 */
const LIST = 2 ** 28;

interface List {
  readonly items: readonly unknown[];
  readonly path: Path;
}

/**
 * The places of the destinations of one service, in the order of its map. Each takes one number.
 */
export interface ItemOrigins {
  /** Registers a list that destinations come from, and returns its number for `push`. */
  list(items: readonly unknown[], path: Path): number;
  push(list: number, index: number): void;
  /** The place of a destination by its index in the service's map. */
  placeOf(ordinal: number): Place;
  offsetOf(ordinal: number, offsets: ItemOffsets): number | undefined;
}

export function itemOrigins(): ItemOrigins {
  const lists: List[] = [];
  const items: number[] = [];
  const at = (ordinal: number) => {
    const packed = items[ordinal];
    const list = packed === undefined ? undefined : lists[Math.floor(packed / LIST)];
    return packed === undefined || !list ? undefined : { list, index: packed % LIST };
  };
  return {
    list: (entries, path) => lists.push({ items: entries, path }) - 1,
    push: (list, index) => {
      items.push(list * LIST + index);
    },
    placeOf: (ordinal) => {
      const found = at(ordinal);
      return found ? atValue(...found.list.path, found.index) : 0;
    },
    offsetOf: (ordinal, offsets) => {
      const found = at(ordinal);
      return found && offsets(found.list.items)?.[found.index];
    },
  };
}

/** Returns a lookup of positions by key in one service. The first call builds its index. */
export function destinationLocator(
  keys: () => Iterable<DestinationKey>,
  origins: ItemOrigins,
  offsets: ItemOffsets,
  positionOf: (offset: number) => Position,
): (key: DestinationKey) => Position | undefined {
  let ordinals: Map<DestinationKey, number> | undefined;
  return (key) => {
    ordinals ??= new Map(Array.from(keys(), (known, ordinal) => [known, ordinal]));
    const ordinal = ordinals.get(key);
    const offset = ordinal === undefined ? undefined : origins.offsetOf(ordinal, offsets);
    return offset === undefined ? undefined : positionOf(offset);
  };
}
