import type { Readable } from 'node:stream';
import { IpvstateError, unreadable } from '../errors.ts';

/** The size of the largest document that is read. */
export const MAX_BYTES = 64 * 1024 * 1024;

/** Reads a stream to its end. Throws `NO_INPUT` when that fails, and `CONFIG` above `maxBytes`. */
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

export function tooLarge(name: string, size: string): IpvstateError {
  return new IpvstateError('CONFIG', `${name} has ${size} bytes; at most ${MAX_BYTES} are read`);
}
