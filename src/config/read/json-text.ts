import type { Path } from '../finding.ts';

/** A place in a JSON text. The text is valid: `JSON.parse` has read it. */
interface JsonCursor {
  readonly text: string;
  at: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;

function skipSpace(cursor: JsonCursor): number {
  let code = cursor.text.charCodeAt(cursor.at);
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09)
    code = cursor.text.charCodeAt(++cursor.at);
  return code;
}

/** Moves the cursor from the opening quote of a string to behind the closing one. */
function skipString(cursor: JsonCursor): void {
  const { text } = cursor;
  for (let at = cursor.at + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE || at >= text.length) {
      cursor.at = at + 1;
      return;
    }
  }
}

/**
 * Calls `visit` with the cursor on each value of a list or mapping. `visit` must step over the
 * value. Its key is undefined in a list.
 */
function eachMember(
  cursor: JsonCursor,
  visit: (key: string | undefined, index: number, keyAt: number) => void,
): void {
  const isMap = cursor.text.charCodeAt(cursor.at) === OPEN_MAP;
  cursor.at++;
  for (let index = 0; ; index++) {
    let code = skipSpace(cursor);
    if (code === COMMA) {
      cursor.at++;
      code = skipSpace(cursor);
    }
    if (code === CLOSE_LIST || code === CLOSE_MAP || cursor.at >= cursor.text.length) break;
    const keyAt = cursor.at;
    let key: string | undefined;
    if (isMap) {
      skipString(cursor);
      key = unquote(cursor.text.slice(keyAt, cursor.at));
      if (skipSpace(cursor) === COLON) cursor.at++;
      skipSpace(cursor);
    }
    visit(key, index, keyAt);
  }
  cursor.at++;
}

function skipValue(cursor: JsonCursor): void {
  const code = skipSpace(cursor);
  if (code === QUOTE) {
    skipString(cursor);
    return;
  }
  if (code === OPEN_LIST || code === OPEN_MAP) {
    let depth = 0;
    do {
      const inner = cursor.text.charCodeAt(cursor.at);
      if (inner === QUOTE) {
        skipString(cursor);
        continue;
      }
      if (inner === OPEN_LIST || inner === OPEN_MAP) depth++;
      else if (inner === CLOSE_LIST || inner === CLOSE_MAP) depth--;
      cursor.at++;
    } while (depth > 0 && cursor.at < cursor.text.length);
    return;
  }
  while (/[-+.0-9a-zA-Z]/.test(cursor.text.charAt(cursor.at))) cursor.at++;
}

/** The offset of the value or key at a path below the value that begins at `from`. */
export function jsonOffset(text: string, from: number, path: Path, at: 'key' | 'value'): number {
  const cursor: JsonCursor = { text, at: from };
  skipSpace(cursor);
  let offset = cursor.at;
  for (const [depth, step] of path.entries()) {
    const code = text.charCodeAt(offset);
    if (code !== OPEN_LIST && code !== OPEN_MAP) return offset;
    let found: number | undefined;
    let foundKey = 0;
    cursor.at = offset;
    eachMember(cursor, (key, index, keyAt) => {
      if (found === undefined && (key ?? index) === step) {
        found = cursor.at;
        foundKey = keyAt;
      }
      skipValue(cursor);
    });
    if (found === undefined) return offset;
    offset = at === 'key' && depth === path.length - 1 ? foundKey : found;
  }
  return offset;
}

/** The offsets of the items of every list in a JSON text. `value` is the result of `JSON.parse`. */
export function jsonItemOffsets(text: string, value: unknown): WeakMap<object, Int32Array> {
  const offsets = new WeakMap<object, Int32Array>();
  const cursor: JsonCursor = { text, at: 0 };
  const walk = (node: unknown): void => {
    if (node === null || typeof node !== 'object') {
      skipValue(cursor);
      return;
    }
    skipSpace(cursor);
    const list = Array.isArray(node) ? new Int32Array(node.length) : undefined;
    eachMember(cursor, (key, index) => {
      if (list) list[index] = cursor.at;
      walk((node as Record<string, unknown>)[key ?? index]);
    });
    if (list) offsets.set(node, list);
  };
  walk(value);
  return offsets;
}

function unquote(text: string): string {
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
}
