import type { Finding, Place } from '../finding.ts';

/** The offsets at which the items of a list begin; undefined for a list of another document. */
export type Offsets = () => ArrayLike<number> | undefined;

/** Looks up a list. The result keeps neither the list nor the parser's nodes in memory. */
export type ItemOffsets = (list: readonly unknown[]) => Offsets;

/** The data of a text, with lookups from the data to offsets in the text. */
export interface ConfigDocument {
  /**
   * Plain objects, arrays, strings, numbers, booleans and null. undefined for a text that could not
   * be read.
   */
  readonly value: unknown;
  readonly findings: readonly Finding[];
  /**
   * Looks a place up in the parser's nodes or in the text. Slow: only for the issues that are
   * shown.
   */
  readonly offsetOf: (place: Place) => number;
  /** Fast, except for the first call of a result. */
  readonly itemOffsets: ItemOffsets;
}

/** The document of a text that could not be read. Only offsets are known as places. */
export function unreadable(findings: readonly Finding[]): ConfigDocument {
  return {
    value: undefined,
    findings,
    offsetOf: (place) => (typeof place === 'number' ? place : 0),
    itemOffsets: () => () => undefined,
  };
}

/**
 * Makes a lookup of recorded offsets. It is a function with a scope of its own: in the scope of a
 * reader, it would keep all of the reader's variables in memory.
 */
export function lookup(offsets: WeakMap<object, ArrayLike<number>>): ItemOffsets {
  return (list) => keep(offsets.get(list));
}

/** A function with a scope of its own, for the same reason: its result keeps no list. */
function keep(found: ArrayLike<number> | undefined): Offsets {
  return () => found;
}
