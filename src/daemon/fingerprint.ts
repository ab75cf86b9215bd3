import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Of the network namespace of the process that reads it. */
const PATH = '/proc/net/ip_vs';

/**
 * What the kernel's own text form of the table says, without the numbers of connections, as a hash: a change of it is a reason to read
 * the table. It lacks thresholds, tunnel types, scheduler flags and more, so an equal one is no proof. Entries are taken in the kernel's
 * order, which does not change by itself. undefined when there is none: the module is not loaded.
 */
export async function readFingerprint(path = PATH): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && fingerprintOf(bytes);
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const ARROW = 0x3e;
/** Of `  -> address`. */
const ARROW_COLUMN = 3;

/** The last two columns of a destination's line are its active and inactive connections. */
export function fingerprintOf(text: Buffer): string {
  const kept = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf(NEWLINE, start);
    const end = newline === -1 ? text.length : newline;
    const stop = text[start + ARROW_COLUMN] === ARROW ? beforeColumns(text, start, end, 2) : end;
    text.copy(kept, length, start, stop);
    length += stop - start;
    kept[length++] = NEWLINE;
    start = end + 1;
  }
  return createHash('sha1')
    .update(kept.subarray(0, Math.min(length, kept.length)))
    .digest('base64');
}

/** Where the last `columns` columns of a line begin, with the blanks before them. */
function beforeColumns(text: Buffer, start: number, end: number, columns: number): number {
  let at = end;
  for (let column = 0; column < columns; column++) {
    while (at > start && text[at - 1] === SPACE) at--;
    while (at > start && text[at - 1] !== SPACE) at--;
  }
  while (at > start && text[at - 1] === SPACE) at--;
  return at;
}
