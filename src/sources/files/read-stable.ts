import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** What a file was at one moment. */
export type StableRead =
  | { readonly kind: 'content'; readonly bytes: Buffer; readonly sha256: string }
  /** It cannot be read; `code` is the errno's name, such as `ENOENT`, or `EISDIR` for a folder. */
  | { readonly kind: 'unreadable'; readonly code: string }
  /** It has more bytes than are ever read. */
  | { readonly kind: 'too-large'; readonly size: number }
  /** It changed during every attempt: somebody is writing it. */
  | { readonly kind: 'unstable' };

/** A read, and what the file system said of the file then. */
export interface KnownRead {
  readonly read: StableRead;
  readonly stats: BigIntStats;
  /** On the wall clock, which is also that of the time stamps. */
  readonly readAt: number;
}

/** Reads of before: a file that is still the same one need not be read again. */
export class SourceCache {
  readonly reads = new Map<string, KnownRead>();
  /** Files are opened before what the file system says of them is believed: on NFS that is what asks the server. */
  isRemote = false;
}

export interface StableReadOptions {
  readonly cache?: SourceCache;
  /** In bytes. */
  readonly maxSize?: number;
  /** Called between the content and the second look: what somebody does at the worst moment. */
  readonly onRead?: (attempt: number) => void | Promise<void>;
}

export const MAX_FILE_SIZE = 64 * 1024 * 1024;

const MAX_ATTEMPTS = 5;

/** A file may change twice within a tick of its time stamps: a read so soon after the last change tells nothing about later ones. */
const SETTLED_MILLISECONDS = 2000;
/** Not every file system keeps its stamps as it should, and one that others write to less than one of this machine. */
const TRUSTED_MILLISECONDS = { local: 600_000, remote: 60_000 };

/**
 * Reads a file between two looks at what and where it is, and reads it again when they differ. This does not see a write that ends
 * before it and goes on after it: that is what waiting until it is quiet, and reading twice before deleting, are for.
 */
export async function readStable(
  path: string,
  options: StableReadOptions = {},
): Promise<StableRead> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    try {
      const read = await readOnce(path, attempt, options);
      if (read) return read;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      // On NFS the file that was opened may be gone on the server, and another one be there.
      if (code !== 'ESTALE' || attempt > 1) return { kind: 'unreadable', code };
    }
  }
  return { kind: 'unstable' };
}

async function readOnce(
  path: string,
  attempt: number,
  { maxSize = MAX_FILE_SIZE, onRead, cache }: StableReadOptions,
): Promise<StableRead | undefined> {
  const known = cache?.reads.get(path);
  const trusted =
    known && isTrusted(known, cache?.isRemote ? 'remote' : 'local') ? known : undefined;
  if (trusted && !cache?.isRemote && isSame(trusted.stats, await stat(path, { bigint: true })))
    return trusted.read;
  // Without waiting for the writer of a pipe that has none.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = await file.stat({ bigint: true });
    if (before.isDirectory()) return { kind: 'unreadable', code: 'EISDIR' };
    if (!before.isFile()) return { kind: 'unreadable', code: 'EINVAL' };
    if (before.size > maxSize) return { kind: 'too-large', size: Number(before.size) };
    if (trusted && isSame(trusted.stats, before)) return trusted.read;
    const readAt = Date.now();
    const bytes = await readWhole(file, Number(before.size));
    await onRead?.(attempt);
    const after = await stat(path, { bigint: true });
    if (!isSame(before, after) || bytes.length !== Number(before.size)) return undefined;
    const read: StableRead = {
      kind: 'content',
      bytes,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    cache?.reads.set(path, { read, stats: after, readAt });
    return read;
  } finally {
    await file.close();
  }
}

/** One byte more than expected, to notice a file that grew. */
async function readWhole(file: FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function isTrusted(
  { stats, readAt }: KnownRead,
  where: keyof typeof TRUSTED_MILLISECONDS,
): boolean {
  const age = Date.now() - readAt;
  return (
    readAt - Number(stats.ctimeMs) > SETTLED_MILLISECONDS &&
    age >= 0 &&
    age < TRUSTED_MILLISECONDS[where]
  );
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}
