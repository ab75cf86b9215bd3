import { readDigits } from '../../../model/endpoint.ts';
import {
  COLON,
  COMMA,
  type Cursor,
  DASH,
  HASH,
  isBlank,
  NEWLINE,
  NotSimple,
  SPACE,
  skipSpaces,
} from './cursor.ts';

const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;

/** The longest key that is read. YAML allows 1024 characters. */
const MAX_KEY_LENGTH = 256;

/** The texts without quotes that are no strings, but for numbers. */
const WORDS: ReadonlyMap<string, null | boolean> = new Map([
  ...['~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

const LONGEST_WORD = 5;

/**
 * Numbers as the core schema of YAML spells them, and some texts that look like them. Only short
 * numbers without a sign are simple.
 */
const NUMBER =
  /^[-+]?(?:0[ox][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$/;

/** The other characters that a text without quotes may begin with, as far as they are usual. */
const OTHER_STARTS = Array.from('_/~+$(^<', (character) => character.charCodeAt(0));

/** Tells whether a key begins at the cursor, which stays where it is. */
export function startsKey(cursor: Cursor): boolean {
  const { text, at } = cursor;
  const code = text.charCodeAt(at);
  if (isQuote(code)) readQuoted(cursor);
  else if (startsPlain(text, at)) readPlain(cursor, false);
  const found = skipSpaces(cursor) === COLON;
  cursor.at = at;
  return found;
}

export function isQuote(code: number): boolean {
  return code === DOUBLE || code === SINGLE;
}

/** Reads the key at the cursor, and moves behind its colon. */
export function readKey(cursor: Cursor, inFlow: boolean): string {
  const { text, at: start } = cursor;
  const quoted = isQuote(text.charCodeAt(start));
  const key = quoted ? readQuoted(cursor) : readPlain(cursor, inFlow);
  if (skipSpaces(cursor) !== COLON || cursor.at - start > MAX_KEY_LENGTH) throw new NotSimple();
  cursor.at++;
  const next = text.charCodeAt(cursor.at);
  // In JSON, no blank is behind the colon.
  if (!isBlank(next) && !(quoted && inFlow)) throw new NotSimple();
  return key;
}

/** Reads a text in quotes that has no escapes and is on one line. */
export function readQuoted(cursor: Cursor): string {
  const { text, at: start } = cursor;
  const quote = text.charCodeAt(start);
  let doubled = false;
  let at = start + 1;
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      if (quote === DOUBLE || text.charCodeAt(at + 1) !== SINGLE) break;
      doubled = true;
      at++;
    } else if (code === NEWLINE || Number.isNaN(code) || (code === BACKSLASH && quote === DOUBLE))
      throw new NotSimple();
  }
  cursor.at = at + 1;
  const content = text.slice(start + 1, at);
  return doubled ? content.replaceAll("''", "'") : content;
}

/** Reads a text without quotes, to the end of the line or to what ends it in the line. */
export function readPlain(cursor: Cursor, inFlow: boolean): string {
  const { text, at: start } = cursor;
  if (!startsPlain(text, start)) throw new NotSimple();
  let end = start;
  let at = start;
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (code === SPACE) continue;
    if (code === NEWLINE || Number.isNaN(code)) break;
    if (code === HASH && end < at) break;
    if (code === COLON && endsKey(text.charCodeAt(at + 1), inFlow)) break;
    if (inFlow && isIndicator(code)) break;
    end = at + 1;
  }
  cursor.at = at;
  return text.slice(start, end);
}

/** The value of a text without quotes. */
export function plainValue(word: string): unknown {
  const first = word.charCodeAt(0);
  // Digits, a plus or a minus.
  if ((first >= 0x30 && first <= 0x39) || first === 0x2b || first === DASH) {
    const number = first === 0x30 && word !== '0' ? undefined : readDigits(word, 0, word.length);
    if (number === undefined && NUMBER.test(word)) throw new NotSimple();
    return number ?? word;
  }
  const value = word.length <= LONGEST_WORD ? WORDS.get(word) : undefined;
  return value === undefined ? word : value;
}

/** Tells whether a text without quotes begins here: mostly, with a letter or digit. */
function startsPlain(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (isWordCharacter(code) || OTHER_STARTS.includes(code)) return true;
  return code === DASH && isWordCharacter(text.charCodeAt(at + 1));
}

function isWordCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    code >= 0x80
  );
}

function endsKey(next: number, inFlow: boolean): boolean {
  return isBlank(next) || (inFlow && isIndicator(next));
}

/** Brackets and the comma. */
function isIndicator(code: number): boolean {
  return code === COMMA || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d;
}
