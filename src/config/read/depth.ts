import { MAX_DEPTH } from './pre-scan.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const HASH = 0x23;
const DOUBLE = 0x22;
const SINGLE = 0x27;
const DASH = 0x2d;
const COMMA = 0x2c;
const COLON = 0x3a;
const QUESTION = 0x3f;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/**
 * Returns the offset at which a YAML text is nested deeper than `MAX_DEPTH`, or undefined. Brackets
 * and indentation nest, and so does each `:` of one entry, as in `: : :` and `{a: a: a:`. This is a
 * rough lexer: one pass, no memory. The real parser needs seconds and hundreds of errors for
 * 100,000 open brackets, and Node aborts the process when it recurses too deeply.
 */
export function tooDeepAt(text: string): number | undefined {
  const indents: number[] = [];
  let flow = 0;
  /** Counts the colons since the last comma or bracket and, outside brackets, on this line. */
  let colons = 0;
  let at = 0;
  while (at < text.length) {
    if (flow === 0) {
      at = openBlocks(text, at, indents);
      colons = 0;
    }
    if (indents.length > MAX_DEPTH) return at;
    let tokenStart = true;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === NEWLINE) break;
      if (code === SPACE || code === TAB) continue;
      if (code === HASH && (tokenStart || isBlank(text.charCodeAt(at - 1)))) {
        const end = text.indexOf('\n', at);
        at = end === -1 ? text.length : end;
        break;
      }
      if (tokenStart && (code === DOUBLE || code === SINGLE)) {
        at = endOfQuoted(text, at, code);
        tokenStart = false;
        continue;
      }
      if ((code === OPEN_LIST || code === OPEN_MAP) && (tokenStart || flow > 0)) {
        flow++;
        colons = 0;
        if (flow + indents.length > MAX_DEPTH) return at;
        tokenStart = true;
        continue;
      }
      if (code === CLOSE_LIST || code === CLOSE_MAP) {
        flow = Math.max(0, flow - 1);
        colons = 0;
      }
      if (code === COMMA && flow > 0) colons = 0;
      if (code === COLON && (flow > 0 || isBlank(text.charCodeAt(at + 1)))) colons++;
      if (colons > MAX_DEPTH) return at;
      tokenStart =
        (flow > 0 && code === COMMA) ||
        code === COLON ||
        (tokenStart && (code === DASH || code === QUESTION));
    }
    at++;
  }
  return undefined;
}

/**
 * Reads the indentation of a line and its `- ` and `? ` markers. Each opens a level. Returns the
 * offset of the line's content.
 */
function openBlocks(text: string, start: number, indents: number[]): number {
  let at = start;
  for (;;) {
    while (text.charCodeAt(at) === SPACE) at++;
    const code = text.charCodeAt(at);
    if (code === NEWLINE || code === HASH || at >= text.length) return at;
    const column = at - start;
    while (indents.length > 0 && (indents.at(-1) ?? 0) > column) indents.pop();
    if (indents.at(-1) !== column) indents.push(column);
    if (
      indents.length > MAX_DEPTH ||
      (code !== DASH && code !== QUESTION) ||
      !isBlank(text.charCodeAt(at + 1))
    )
      return at;
    at++;
  }
}

/** The offset of the closing quote, or the end of the text. */
function endOfQuoted(text: string, start: number, quote: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH && quote === DOUBLE) at++;
    else if (code === quote) return at;
  }
  return text.length;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === NEWLINE;
}
