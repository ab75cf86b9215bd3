/** Of each piece, at least. Strings of this size are short-lived memory. */
const CHUNK_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/**
 * UTF-8 text as pieces of whole lines, each without its last newline, so that joining them by newlines gives the text. A large text that
 * is read only once or twice is never in memory as a whole string; bytes that are no UTF-8 become replacement characters.
 */
export function* textChunks(bytes: Buffer): Generator<string, undefined, undefined> {
  for (let start = 0; start <= bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start + CHUNK_BYTES);
    const end = newline === -1 ? bytes.length : newline;
    yield bytes.toString('utf8', start, end);
    start = end + 1;
  }
}
