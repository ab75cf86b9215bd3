import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { MAX_BYTES } from '../read-stream.ts';

/** A file at one moment. */
export type StableRead =
  | { readonly kind: 'content'; readonly bytes: Buffer }
  /** The file cannot be read; `code` is the name of the errno, such as `ENOENT`, or `EISDIR`. */
  | { readonly kind: 'unreadable'; readonly code: string }
  /** A pipe, a socket or a device. Its content cannot be read again, and may never end. */
  | { readonly kind: 'special' }
  /** The file has more bytes than are ever read. */
  | { readonly kind: 'too-large'; readonly size: number }
  /** The file changed during every attempt, because another process is writing it. */
  | { readonly kind: 'unstable' };

/** The content of a file, with the file's attributes when it was read. */
interface CachedRead {
  readonly read: StableRead;
  readonly stats: BigIntStats;
  /** On the wall clock, which also gives the time stamps of files. */
  readonly readAt: number;
}

/** Earlier reads of followed files. A file with unchanged attributes need not be read again. */
export class ReadCache {
  readonly reads = new Map<string, CachedRead>();
  /** The node that the files are read for. */
  readonly node: string | undefined;
  /** True when attributes are believed only after opening a file: on NFS, that asks the server. */
  isRemote = false;
  /** Digest of the last read of all files; undefined before the first read. */
  digest: string | undefined;

  constructor(node?: string) {
    this.node = node;
  }
}

interface StableReadOptions {
  readonly cache?: ReadCache;
  /** In bytes. */
  readonly maxSize?: number;
  /** Called after the content was read and before the attributes are compared, for tests. */
  readonly onRead?: (attempt: number) => void | Promise<void>;
}

const MAX_ATTEMPTS = 5;

/**
 * A file may change twice within one tick of its time stamps. Attributes are believed only when
 * the file was read at least this long after its last change.
 */
const SETTLED_MILLISECONDS = 2000;
/**
 * Some file systems do not keep time stamps as they should, above all those that other machines
 * write to. Attributes are believed for this long.
 */
const TRUSTED_MILLISECONDS = { local: 600_000, remote: 60_000 };

/**
 * Reads a file, compares its attributes before and after, and reads it again when they differ.
 * This does not notice a writer that paused before the read and goes on after it. The watch waits
 * until a file is quiet, and the loop reads twice before it deletes, for the sake of that case.
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
      // On NFS the opened file may have been replaced by another one on the server.
      if (code !== 'ESTALE' || attempt > 1) return { kind: 'unreadable', code };
    }
  }
  return { kind: 'unstable' };
}

async function readOnce(
  path: string,
  attempt: number,
  { maxSize = MAX_BYTES, onRead, cache }: StableReadOptions,
): Promise<StableRead | undefined> {
  const known = cache?.reads.get(path);
  const trusted =
    known && isTrusted(known, cache?.isRemote ? 'remote' : 'local') ? known : undefined;
  if (trusted && !cache?.isRemote && isSame(trusted.stats, await stat(path, { bigint: true })))
    return trusted.read;
  if (await isSpecial(path)) return { kind: 'special' };
  // O_NONBLOCK: opening a pipe must not wait for a writer, should the file become one just now.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = await file.stat({ bigint: true });
    if (before.isDirectory()) return { kind: 'unreadable', code: 'EISDIR' };
    if (!before.isFile()) return { kind: 'special' };
    if (before.size > maxSize) return { kind: 'too-large', size: Number(before.size) };
    if (trusted && isSame(trusted.stats, before)) return trusted.read;
    const readAt = Date.now();
    const bytes = await readWhole(file, Number(before.size));
    await onRead?.(attempt);
    const after = await stat(path, { bigint: true });
    if (!isSame(before, after) || bytes.length !== Number(before.size)) return undefined;
    const read: StableRead = { kind: 'content', bytes };
    cache?.reads.set(path, { read, stats: after, readAt });
    return read;
  } finally {
    await file.close();
  }
}

/** Tells whether a path is neither a file nor a folder. A device can act when it is opened. */
export async function isSpecial(path: string): Promise<boolean> {
  const stats = await stat(path);
  return !stats.isFile() && !stats.isDirectory();
}

/** Reads at most one byte more than expected, to notice a file that grew. */
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
  { stats, readAt }: CachedRead,
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
