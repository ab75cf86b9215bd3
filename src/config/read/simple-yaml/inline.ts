import {
  COMMA,
  type Cursor,
  enter,
  HASH,
  isBlank,
  isLineEnd,
  NEWLINE,
  NotSimple,
  nextLine,
  skipSpaces,
} from './cursor.ts';
import { addEntry, createMapping, finishMapping } from './mapping.ts';
import { isQuote, plainValue, readKey, readPlain, readQuoted } from './scalar.ts';

const ANCHOR = 0x26;
const ALIAS = 0x2a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/** The number of aliases in a text that is simple. Their content can be large. */
const MAX_ALIASES = 100;

/**
 * Reads the value at the cursor: a scalar, an alias, or a list or mapping in brackets. Brackets may
 * go over several lines, which must be indented by more than `parent`.
 */
export function readInline(cursor: Cursor, parent: number, inFlow: boolean): unknown {
  const code = cursor.text.charCodeAt(cursor.at);
  if (code === OPEN_MAP) return readFlowMapping(cursor, parent);
  if (code === OPEN_LIST) return readFlowList(cursor, parent);
  if (isQuote(code)) return readQuoted(cursor);
  if (code === ALIAS) return resolveAlias(cursor);
  return plainValue(readPlain(cursor, inFlow));
}

/** Moves behind the anchor of a value. Returns its name, or undefined for a value without one. */
export function startAnchor(cursor: Cursor): string | undefined {
  if (cursor.text.charCodeAt(cursor.at) !== ANCHOR) return undefined;
  const name = readName(cursor);
  skipSpaces(cursor);
  cursor.anchored++;
  return name;
}

/** Gives an anchor its value. */
export function endAnchor(cursor: Cursor, name: string | undefined, value: unknown): void {
  if (name === undefined) return;
  cursor.anchored--;
  cursor.anchors.set(name, value);
}

function resolveAlias(cursor: Cursor): unknown {
  const value = cursor.anchors.get(readName(cursor));
  // Aliases in anchored values can repeat them very often.
  if (value === undefined || cursor.anchored > 0 || ++cursor.aliases > MAX_ALIASES)
    throw new NotSimple();
  return value;
}

/** Reads the name of an anchor or alias, and moves behind it. */
function readName(cursor: Cursor): string {
  const [name = ''] =
    /^[A-Za-z0-9_-]*/.exec(cursor.text.slice(cursor.at + 1, cursor.at + 65)) ?? [];
  cursor.at += 1 + name.length;
  if (name === '' || !endsName(cursor.text.charCodeAt(cursor.at))) throw new NotSimple();
  return name;
}

function endsName(code: number): boolean {
  return isBlank(code) || code === COMMA || code === CLOSE_LIST || code === CLOSE_MAP;
}

function readFlowMapping(cursor: Cursor, parent: number): unknown {
  enter(cursor);
  const mapping = createMapping(cursor, parent === -1);
  cursor.at++;
  while (skipFlowSpace(cursor, parent) !== CLOSE_MAP) {
    const keyOffset = cursor.at;
    const key = readKey(cursor, true);
    skipFlowSpace(cursor, parent);
    const anchor = startAnchor(cursor);
    const valueOffset = cursor.at;
    const value = readInline(cursor, parent, true);
    endAnchor(cursor, anchor, value);
    addEntry(cursor, mapping, key, value, keyOffset, valueOffset);
    if (endsItem(cursor, parent, CLOSE_MAP)) break;
  }
  cursor.at++;
  cursor.depth--;
  return finishMapping(cursor, mapping);
}

function readFlowList(cursor: Cursor, parent: number): unknown {
  enter(cursor);
  const list: unknown[] = [];
  const offsets: number[] = [];
  cursor.at++;
  while (skipFlowSpace(cursor, parent) !== CLOSE_LIST) {
    const anchor = startAnchor(cursor);
    offsets.push(cursor.at);
    const value = readInline(cursor, parent, true);
    endAnchor(cursor, anchor, value);
    list.push(value);
    if (endsItem(cursor, parent, CLOSE_LIST)) break;
  }
  cursor.at++;
  cursor.items.set(list, offsets);
  cursor.depth--;
  return list;
}

/** Reads what follows an item. Returns false for a comma, behind which another item may be. */
function endsItem(cursor: Cursor, parent: number, close: number): boolean {
  const code = skipFlowSpace(cursor, parent);
  if (code === close) return true;
  if (code !== COMMA) throw new NotSimple();
  cursor.at++;
  return false;
}

/** Moves behind spaces, comments and line ends in brackets. Returns the character there. */
function skipFlowSpace(cursor: Cursor, parent: number): number {
  for (;;) {
    const code = skipSpaces(cursor);
    if (code !== NEWLINE && code !== HASH) return code;
    if (!isLineEnd(cursor)) throw new NotSimple();
    nextLine(cursor);
    if (cursor.column <= parent) throw new NotSimple();
  }
}
