import type { ParseOptions } from '../../format.ts';
import type { Report } from '../report.ts';
import type { Definitions, PlacedText } from './definitions.ts';
import type { Piece } from './pieces.ts';

/** Sequences and definitions that stand for more lines than this are a mistake. */
export const MOST_LINES = 200_000;
/** Definitions that refer to each other, and files that include each other, end at this depth. */
export const DEEPEST = 50;

/** A reading of a configuration, line by line. Definitions hold from their line on. */
export interface Evaluation {
  readonly options: Pick<ParseOptions, 'configId' | 'readIncluded'>;
  readonly report: Report;
  readonly definitions: Definitions;
  readonly pieces: Piece[];
  readonly included: Map<string, string>;
  /** The files that are being read, the innermost last. */
  readonly files: string[];
  /** The lines of the definition that the next line continues. */
  open: PlacedText[] | undefined;
  /** The number of lines that sequences and definitions stand for. */
  lines: number;
  /** True once a conditional line was met whose condition is not known. */
  hasUnknownCondition: boolean;
}
