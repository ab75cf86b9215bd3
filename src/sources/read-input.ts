import { createReadStream, readFileSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { IpvstateError, unreadable } from '../errors.ts';

/** What `-f -` is called in positions. */
export const STDIN_NAME = '<stdin>';

const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads a file. Throws `NO_INPUT` for what is missing or unreadable, `CONFIG` for what is too large. A command has nothing else to do
 * meanwhile, and a file that is read at once is in memory once.
 */
export async function readInput(path: string): Promise<Buffer> {
  try {
    const stats = statSync(path);
    // The size of a pipe or a device tells nothing; some of them never end.
    if (!stats.isFile()) return await readStream(createReadStream(path), path);
    if (stats.size > MAX_BYTES) throw tooLarge(path, `${stats.size}`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof IpvstateError) throw error;
    return unreadable(path, error);
  }
}

/** Reads a stream to its end. Throws like `readInput`. */
export async function readStream(
  stream: Readable,
  name: string,
  maxBytes = MAX_BYTES,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array);
      size += bytes.length;
      if (size > maxBytes) throw tooLarge(name, `more than ${maxBytes}`);
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof IpvstateError) throw error;
    unreadable(name, error);
  }
  const [only] = chunks;
  return only && chunks.length === 1 ? only : Buffer.concat(chunks);
}

function tooLarge(name: string, size: string): IpvstateError {
  return new IpvstateError('CONFIG', `${name} has ${size} bytes; at most ${MAX_BYTES} are read`);
}
