import type { Issue } from '../model/issue.ts';

/** First bytes of UTF-16 text, in hexadecimal. */
const UTF16_MARKS: readonly string[] = ['fffe', 'feff'];

/**
 * Decodes UTF-8, and keeps a byte order mark. Returns an issue that names the first wrong byte. A
 * zero byte is valid UTF-8, but no text in any format.
 */
export function decodeText(bytes: Buffer, file: string): string | Issue {
  const zero = bytes.indexOf(0);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return zero === -1 ? text : notText(file, bytes, zero);
  } catch {
    return notText(file, bytes, decodableLength(bytes));
  }
}

/**
 * Decodes text that is UTF-8 but for places where the encoding does not matter, such as comments.
 * Other letters become replacement characters. undefined for bytes that are no text.
 */
export function decodeLoosely(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/**
 * The issue of text with replacement characters: a warning where all of them are in free text, and
 * else an error at the first one that is not.
 * @param freeText matches in a line where free text begins
 * @param first the issue of the first wrong byte
 */
export function checkFreeText(text: string, freeText: RegExp | undefined, first: Issue): Issue {
  if (!freeText) return first;
  let count = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const at = line.indexOf('\ufffd');
    if (at === -1) continue;
    const { file } = first.position;
    if (line.search(freeText) === -1 || line.search(freeText) > at) {
      const position = { file, line: index + 1, column: at + 1 };
      return { ...first, message: 'not UTF-8 text', position, hint: CONVERT };
    }
    count++;
  }
  const lines =
    count === 1 ? 'a line has a comment that is' : `${count} lines have comments that are`;
  return {
    ...first,
    severity: 'warning',
    message: `${lines} ${first.message}`,
    hint: `to keep their letters, ${CONVERT}`,
  };
}

const CONVERT = 'convert the file first, such as with `iconv -f LATIN1 -t UTF-8`';

function notText(file: string, bytes: Buffer, valid: number): Issue {
  const before = bytes.subarray(0, valid).toString('utf8');
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  const found = `byte 0x${(bytes[valid] ?? 0).toString(16).padStart(2, '0')}`;
  // UTF-16 has null bytes, too, and begins with a mark.
  const isBinary = bytes.includes(0) && !UTF16_MARKS.includes(bytes.toString('hex', 0, 2));
  const hint = isBinary
    ? 'this is a binary file: name another one, or write one with `ipvstate export`'
    : 'save it as UTF-8';
  return {
    code: 'NOT_TEXT',
    severity: 'error',
    message: `not UTF-8 text: found ${found}`,
    position: { file, line, column },
    hint,
  };
}

/** Length of the longest valid beginning, by bisection: a decode may end within a character. */
function decodableLength(bytes: Buffer): number {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    try {
      decoder.decode(bytes.subarray(0, middle), { stream: true });
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return low - cutCharacter(bytes.subarray(0, low));
}

/** Number of bytes at the end that begin a character without completing it. */
function cutCharacter(bytes: Buffer): number {
  let length = 1;
  while (length < 4 && ((bytes.at(-length) ?? 0) & 0xc0) === 0x80) length++;
  const lead = bytes.at(-length) ?? 0;
  const wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return wanted > length ? length : 0;
}
