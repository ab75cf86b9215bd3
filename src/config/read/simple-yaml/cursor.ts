import { MAX_DEPTH } from '../pre-scan.ts';

/**
 * Ends the reading of a text that is not simple. The text may still be YAML, or have a mistake: the
 * full parser tells.
 */
export class NotSimple extends Error {}

/** A place in a text, and what the reader knows before it. */
export interface Cursor {
  readonly text: string;
  /** The offset of the next character. */
  at: number;
  /** The indentation of the line that `nextLine` moved to last. -1 at the end of the text. */
  column: number;
  /** The offsets at which the items of each list begin. */
  readonly items: WeakMap<object, ArrayLike<number>>;
  /** The offsets of the keys and values of mappings. */
  readonly entries: Map<object, ReadonlyMap<string, EntryOffsets>>;
  /** True to record the entries of every mapping. Else only those of the root are recorded. */
  readonly recordsAll: boolean;
  readonly anchors: Map<string, unknown>;
  /** The number of anchored values that the cursor is in. */
  anchored: number;
  aliases: number;
  /** The number of lists and mappings that the cursor is in. */
  depth: number;
}

export interface EntryOffsets {
  readonly key: number;
  /** That of the key when it has no value. */
  readonly value: number;
}

export const NEWLINE = 0x0a;
export const SPACE = 0x20;
export const HASH = 0x23;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const COLON = 0x3a;

/** A cursor on the first line with content. */
export function createCursor(text: string, recordsAll: boolean): Cursor {
  const cursor: Cursor = {
    text,
    at: 0,
    column: 0,
    items: new WeakMap(),
    entries: new Map(),
    recordsAll,
    anchors: new Map(),
    anchored: 0,
    aliases: 0,
    depth: 0,
  };
  findContent(cursor, 0);
  return cursor;
}

/** Enters a list or mapping. Deep nesting is left to the check that explains it. */
export function enter(cursor: Cursor): void {
  if (++cursor.depth > MAX_DEPTH) throw new NotSimple();
}

/** Moves behind spaces. Returns the character there, NaN at the end of the text. */
export function skipSpaces(cursor: Cursor): number {
  let code = cursor.text.charCodeAt(cursor.at);
  while (code === SPACE) code = cursor.text.charCodeAt(++cursor.at);
  return code;
}

/** Tells whether the cursor is where a line ends, or its comment begins. */
export function isLineEnd({ text, at }: Cursor): boolean {
  const code = text.charCodeAt(at);
  if (code === HASH) return isBlank(text.charCodeAt(at - 1));
  return code === NEWLINE || at >= text.length;
}

/** Moves to the next line with content, behind its indentation. */
export function nextLine(cursor: Cursor): void {
  const end = cursor.text.indexOf('\n', cursor.at);
  findContent(cursor, end === -1 ? cursor.text.length : end + 1);
}

/** Tells whether a character separates words. The end of the text does as well. */
export function isBlank(code: number): boolean {
  return code === SPACE || code === NEWLINE || Number.isNaN(code);
}

function findContent(cursor: Cursor, lineStart: number): void {
  const { text } = cursor;
  let start = lineStart;
  for (;;) {
    cursor.at = start;
    const code = skipSpaces(cursor);
    if (code !== NEWLINE && code !== HASH) break;
    const end = text.indexOf('\n', cursor.at);
    start = end === -1 ? text.length : end + 1;
  }
  cursor.column = cursor.at < text.length ? cursor.at - start : -1;
}
