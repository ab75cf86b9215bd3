import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate as yieldToOthers } from 'node:timers/promises';

/** The table of the network namespace of this process, as text. */
const PATH = '/proc/net/ip_vs';

/**
 * The kernel returns a service or a page for each read, however much is asked for: a file of
 * megabytes takes a thousand reads.
 */
const CHUNK_BYTES = 64 * 1024;
/**
 * Reads between two turns of the event loop. A read takes microseconds; in the thread pool it would
 * take ten times that.
 */
const READS_PER_TURN = 64;

/**
 * Hashes the kernel's text of the table, without the numbers of connections. A different hash is a
 * reason to read the table. An equal one is no proof, because the text lacks thresholds, tunnel
 * types, scheduler flags and more. The kernel's order of the entries does not change by itself.
 * Returns undefined when there is no text: the module is not loaded.
 */
export async function readFingerprint(path = PATH): Promise<string | undefined> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const fingerprint = new Fingerprint();
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let reads = 1; ; reads++) {
      const length = readSync(file, chunk, 0, chunk.length, null);
      if (length === 0) return fingerprint.end();
      fingerprint.add(chunk.subarray(0, length));
      if (reads % READS_PER_TURN === 0) await yieldToOthers();
    }
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** Hashes a whole text. */
export function fingerprintOf(text: Buffer): string {
  const fingerprint = new Fingerprint();
  fingerprint.add(text);
  return fingerprint.end();
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const ARROW = 0x3e;
/** The column of `>` in a destination's line `  -> address`. */
const ARROW_COLUMN = 3;

class Fingerprint {
  readonly #hash: Hash = createHash('sha1');
  /** The beginning of a line whose end has not been read yet. */
  #rest: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    const text = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = text.lastIndexOf(NEWLINE) + 1;
    this.#hash.update(withoutConnections(text.subarray(0, end)));
    this.#rest = Buffer.from(text.subarray(end));
  }

  end(): string {
    if (this.#rest.length > 0) this.add(Buffer.from('\n'));
    return this.#hash.digest('base64');
  }
}

/**
 * Removes the last two columns of each destination's line: its active and inactive connections.
 * `text` is whole lines.
 */
function withoutConnections(text: Buffer): Buffer {
  const kept = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(NEWLINE, start);
    const stop = text[start + ARROW_COLUMN] === ARROW ? beforeColumns(text, start, end, 2) : end;
    for (let at = start; at < stop; at++) kept[length++] = text[at] ?? 0;
    kept[length++] = NEWLINE;
    start = end + 1;
  }
  return kept.subarray(0, length);
}

/** Returns where the last `columns` columns of a line begin, with the blanks before them. */
function beforeColumns(text: Buffer, start: number, end: number, columns: number): number {
  let at = end;
  for (let column = 0; column < columns; column++) {
    while (at > start && text[at - 1] === SPACE) at--;
    while (at > start && text[at - 1] !== SPACE) at--;
  }
  while (at > start && text[at - 1] === SPACE) at--;
  return at;
}
