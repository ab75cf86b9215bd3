import type { Finding, Place } from '../finding.ts';

/** The offsets at which the items of a list begin; undefined for a list that is not of the document. */
export type ItemOffsets = (list: readonly unknown[]) => ArrayLike<number> | undefined;

/** A text read as data, with enough to find any place of it again. */
export interface ConfigDocument {
  /** Plain objects, arrays, strings, numbers, booleans and null. undefined: the text could not be read at all. */
  readonly value: unknown;
  readonly findings: readonly Finding[];
  /** Looks a place up in what the parser kept; to be asked for the few that are shown. */
  readonly offsetOf: (place: Place) => number;
  /** Cheap, and keeps nothing of the parser alive but the offsets. */
  readonly itemOffsets: ItemOffsets;
}
