import { join } from 'node:path';
import { sha256 } from '../digest.ts';
import { configurationNames } from './paths.ts';
import { type ReadCache, readStable, type StableRead } from './read-stable.ts';

/** One file that a path names, as it was read. A folder without files stands for itself. */
export interface FileRead {
  readonly path: string;
  /** `skipped`: a pipe, a socket or a device in a folder. */
  readonly read: StableRead | { readonly kind: 'no-files' | 'skipped' };
}

type ReadFile = (path: string) => Promise<StableRead>;

/**
 * Reads files, and the files of folders in the place of the folder. Never throws for a file that
 * is missing or unreadable: that is a state like any other.
 */
export async function readFiles(
  paths: readonly string[],
  readFile: ReadFile = readStable,
  readEntry: ReadFile = readStable,
): Promise<readonly FileRead[]> {
  // One after the other: a folder may have more files than a process may have open.
  const files: FileRead[] = [];
  for (const path of paths) {
    const list = await listFolder(path);
    if (list === 'not-a-folder') files.push({ path, read: await readFile(path) });
    else if (!Array.isArray(list)) files.push({ path, read: list });
    else for (const entry of await readEntries(path, list, readEntry)) files.push(entry);
  }
  return files;
}

async function readEntries(
  folder: string,
  paths: readonly string[],
  readEntry: ReadFile,
): Promise<readonly FileRead[]> {
  const files: FileRead[] = [];
  for (const path of paths) {
    const read = await readEntry(path);
    files.push({ path, read: read.kind === 'special' ? { kind: 'skipped' } : read });
  }
  const isEmpty = files.every(({ read }) => read.kind === 'skipped');
  return isEmpty ? [{ path: folder, read: { kind: 'no-files' } }] : files;
}

async function listFolder(path: string): Promise<string[] | FileRead['read'] | 'not-a-folder'> {
  try {
    const names = await configurationNames(path);
    return names.length > 0 ? names.map((name) => join(path, name)) : { kind: 'no-files' };
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    return code === 'ENOTDIR' ? 'not-a-folder' : { kind: 'unreadable', code };
  }
}

/**
 * Reads files like `readFiles`, and takes a file from the cache while the file system says that it
 * is the same one.
 */
export async function readFollowedFiles(
  paths: readonly string[],
  cache: ReadCache,
): Promise<readonly FileRead[]> {
  const readFile: ReadFile = (path) => readStable(path, { cache });
  const files = await readFiles(paths, readFile, readFile);
  const found = new Set(files.map(({ path }) => path));
  for (const path of cache.reads.keys()) if (!found.has(path)) cache.reads.delete(path);
  return files;
}

/** Equal exactly when the same files had the same content, or could not be read alike. */
export async function digestOf(files: readonly FileRead[]): Promise<string> {
  const states = await Promise.all(
    files.map(async ({ path, read }) => [path, read.kind, await stateOf(read)]),
  );
  return sha256(Buffer.from(JSON.stringify(states)));
}

async function stateOf(read: FileRead['read']): Promise<string | number | undefined> {
  switch (read.kind) {
    case 'content':
      return sha256(read.bytes);
    case 'unreadable':
      return read.code;
    case 'too-large':
      return read.size;
    case 'unstable':
    case 'special':
    case 'skipped':
    case 'no-files':
      return undefined;
    default:
      return read satisfies never;
  }
}
