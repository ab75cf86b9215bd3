import {
  type Cursor,
  DASH,
  enter,
  isBlank,
  isLineEnd,
  NotSimple,
  nextLine,
  skipSpaces,
} from './cursor.ts';
import { endAnchor, readInline, startAnchor } from './inline.ts';
import { addEntry, createMapping, finishMapping } from './mapping.ts';
import { readKey, startsKey } from './scalar.ts';

/** Reads the mapping that begins at the cursor, to the line that is not part of it. */
function readMapping(cursor: Cursor, column: number, isRoot: boolean): object {
  enter(cursor);
  const mapping = createMapping(cursor, isRoot);
  do {
    const keyOffset = cursor.at;
    const key = readKey(cursor, false);
    skipSpaces(cursor);
    const anchor = startAnchor(cursor);
    const isBelow = isLineEnd(cursor);
    if (isBelow) nextLine(cursor);
    // A list may begin in the column of its key.
    const isList = cursor.column === column && isItem(cursor);
    const isAbsent = isBelow && cursor.column <= column && !isList;
    const valueOffset = isAbsent ? keyOffset : cursor.at;
    let value: unknown = null;
    if (!isBelow) value = readRest(cursor, column);
    else if (!isAbsent) value = readBlock(cursor, cursor.column, column);
    endAnchor(cursor, anchor, value);
    addEntry(cursor, mapping, key, value, keyOffset, valueOffset);
  } while (cursor.column === column && !isItem(cursor));
  if (cursor.column > column) throw new NotSimple();
  cursor.depth--;
  return finishMapping(cursor, mapping);
}

function readList(cursor: Cursor, column: number): unknown[] {
  enter(cursor);
  const list: unknown[] = [];
  const offsets: number[] = [];
  do {
    const dash = cursor.at++;
    skipSpaces(cursor);
    const anchor = startAnchor(cursor);
    const isBelow = isLineEnd(cursor);
    if (isBelow) nextLine(cursor);
    if (isBelow && cursor.column <= column) throw new NotSimple();
    offsets.push(cursor.at);
    const itemColumn = isBelow ? cursor.column : column + cursor.at - dash;
    // In `- &a key: value`, the anchor is that of the key.
    const isInline = anchor !== undefined && !isBelow;
    const value = isInline ? readRest(cursor, column) : readBlock(cursor, itemColumn, column);
    endAnchor(cursor, anchor, value);
    list.push(value);
  } while (cursor.column === column && isItem(cursor));
  if (cursor.column > column) throw new NotSimple();
  cursor.items.set(list, offsets);
  cursor.depth--;
  return list;
}

/**
 * Reads the value that begins at the cursor, in a column, and moves to the line that is not part of
 * it. `parent` is the column of the mapping or list that has the value.
 */
export function readBlock(cursor: Cursor, column: number, parent: number): unknown {
  if (isItem(cursor)) return readList(cursor, column);
  return startsKey(cursor) ? readMapping(cursor, column, parent === -1) : readRest(cursor, parent);
}

/** Reads the value that begins at the cursor and has no block style. */
function readRest(cursor: Cursor, parent: number): unknown {
  const value = readInline(cursor, parent, false);
  skipSpaces(cursor);
  if (!isLineEnd(cursor)) throw new NotSimple();
  nextLine(cursor);
  // A line that is indented further would continue the value.
  if (cursor.column > parent) throw new NotSimple();
  return value;
}

/** Tells whether an item of a list begins at the cursor. */
function isItem({ text, at }: Cursor): boolean {
  return text.charCodeAt(at) === DASH && isBlank(text.charCodeAt(at + 1));
}
