import { join } from 'node:path';
import { isNodeName } from '../../model/node.ts';
import { sha256 } from '../digest.ts';
import {
  configurationNames,
  isConfigurationName,
  NODES_FOLDER,
  nodeOfPath,
  sortedNames,
} from './paths.ts';
import { type ReadCache, readStable, type StableRead } from './read-stable.ts';

/** One file that a path names, as it was read. A folder without files stands for itself. */
export interface FileRead {
  readonly path: string;
  /** The node that it is for, by the name of its folder. */
  readonly node?: string;
  /**
   * `skipped`: a pipe, a socket or a device in a folder. `of-no-node`: an entry of the folder of
   * nodes that is no node's folder. `of-other-node`: a file or a folder for another node than the
   * one that is read for.
   */
  readonly read:
    | StableRead
    | { readonly kind: 'no-files' | 'skipped' | 'of-no-node' | 'of-other-node' };
}

type ReadFile = (path: string) => Promise<StableRead>;

/**
 * Reads files, and the files of folders in the place of the folder: those for all nodes, and then
 * those for `node`; without `node`, those of every node. Never throws for a file that is missing or
 * unreadable: that is a state like any other.
 */
export async function readFiles(
  paths: readonly string[],
  node?: string,
  readFile: ReadFile = readStable,
  readEntry: ReadFile = readStable,
): Promise<readonly FileRead[]> {
  // One after the other: a folder may have more files than a process may have open.
  const files: FileRead[] = [];
  for (const path of paths) {
    const list = await listFolder(path);
    if (list !== 'not-a-folder' && !Array.isArray(list)) {
      files.push({ path, read: list });
      continue;
    }
    const own = nodeOfPath(path, list !== 'not-a-folder');
    const named = own === undefined ? {} : { node: own };
    if (own !== undefined && node !== undefined && own !== node)
      files.push({ path, ...named, read: { kind: 'of-other-node' } });
    else if (list === 'not-a-folder') files.push({ path, ...named, read: await readFile(path) });
    else {
      const nodes = own === undefined ? await listNodes(path, node) : [];
      for (const entry of await readEntries(path, [...list.map(entryOf), ...nodes], readEntry))
        files.push({ ...named, ...entry });
    }
  }
  return files;
}

async function readEntries(
  folder: string,
  found: readonly FoundEntry[],
  readEntry: ReadFile,
): Promise<readonly FileRead[]> {
  const files: FileRead[] = [];
  for (const entry of found) {
    const read = entry.read ?? (await readEntry(entry.path));
    files.push({ ...entry, read: read.kind === 'special' ? { kind: 'skipped' } : read });
  }
  const isEmpty = files.every(({ read }) => read.kind === 'skipped');
  return isEmpty ? [{ path: folder, read: { kind: 'no-files' } }] : files;
}

function entryOf(path: string): FoundEntry {
  return { path };
}

/** A file to read, or what was found in its place. */
interface FoundEntry extends Omit<FileRead, 'read'> {
  readonly read?: FileRead['read'];
}

/** The files of the folders of nodes, and what stands in the way of listing them. */
async function listNodes(folder: string, node: string | undefined): Promise<readonly FoundEntry[]> {
  const parent = join(folder, NODES_FOLDER);
  let names: readonly string[];
  try {
    names = await sortedNames(parent);
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    const isNone = code === 'ENOENT' || code === 'ENOTDIR';
    return isNone ? [] : [{ path: parent, read: { kind: 'unreadable', code } }];
  }
  const found: FoundEntry[] = [];
  for (const name of names) {
    const path = join(parent, name);
    const isOther = node !== undefined && name !== node;
    const list = await listFolder(path);
    if (list === 'not-a-folder') {
      if (isConfigurationName(name)) found.push({ path, read: { kind: 'of-no-node' } });
    } else if (isOther) {
      if (isNodeName(name) && Array.isArray(list) && list.length > 0)
        found.push({ path, node: name, read: { kind: 'of-other-node' } });
    } else if (!Array.isArray(list)) found.push({ path, read: list });
    else if (list.length > 0 && !isNodeName(name))
      found.push({ path, read: { kind: 'of-no-node' } });
    else for (const file of list) found.push({ path: file, node: name });
  }
  return found;
}

async function listFolder(path: string): Promise<string[] | FileRead['read'] | 'not-a-folder'> {
  try {
    return (await configurationNames(path)).map((name) => join(path, name));
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
  const files = await readFiles(paths, cache.node, readFile, readFile);
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
    case 'of-no-node':
    case 'of-other-node':
      return undefined;
    default:
      return read satisfies never;
  }
}
