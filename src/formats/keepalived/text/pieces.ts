import type { Position } from '../../../model/issue.ts';
import type { PlacedText } from './definitions.ts';

/** A part of a configuration after everything in it was evaluated. */
export type Piece =
  /** The words of one statement. */
  | (PlacedText & { readonly kind: 'words' })
  | (PlacedText & { readonly kind: 'open' | 'close' })
  | Comment;

export interface Comment {
  readonly kind: 'comment';
  /** The comment without its mark, and without blanks around it. */
  readonly text: string;
  readonly position: Position;
  /** True when something else stands before it on its line. */
  readonly isBeside: boolean;
}

/** The text from an offset on, with its place. */
export function partOf(
  { text, position, isExact }: PlacedText,
  from: number,
  to?: number,
): PlacedText {
  return { text: text.slice(from, to), position: placeIn(position, isExact, from), isExact };
}

export function placeIn(position: Position, isExact: boolean, offset: number): Position {
  return isExact ? { ...position, column: position.column + offset } : position;
}
