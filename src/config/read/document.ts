import type { Finding, Place } from '../finding.ts';

/**
 * Looks up the offsets at which the items of a list begin. Returns undefined for a list that is not
 * from the document.
 */
export type ItemOffsets = (list: readonly unknown[]) => ArrayLike<number> | undefined;

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
  /** Fast, and keeps only the offsets in memory, not the parser's nodes. */
  readonly itemOffsets: ItemOffsets;
}

/** The document of a text that could not be read. Only offsets are known as places. */
export function unreadable(findings: readonly Finding[]): ConfigDocument {
  return {
    value: undefined,
    findings,
    offsetOf: (place) => (typeof place === 'number' ? place : 0),
    itemOffsets: () => undefined,
  };
}

/**
 * Makes a lookup of recorded offsets. It is a function with a scope of its own: in the scope of a
 * reader, it would keep all of the reader's variables in memory.
 */
export function lookup(offsets: WeakMap<object, ArrayLike<number>>): ItemOffsets {
  return (list) => offsets.get(list);
}
