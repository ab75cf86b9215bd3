import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { IpvstateError, unreadable } from '../../errors.ts';
import { readStream, tooLarge } from '../read-stream.ts';
import type { Document, FollowedSource, Source, SourceKind } from '../source.ts';
import { type ConfigurationPaths, FOLDER_FILES, findPaths, NODES_FOLDER } from './paths.ts';
import { digestOf, type FileRead, readFiles, readFollowedFiles } from './read-files.ts';
import { ReadCache, readStable, type StableRead } from './read-stable.ts';

/** Files, and folders of them. Takes every value of `-f`; without any, the default places. */
export const FILES: SourceKind = {
  recognise: () => true,
  open: (given, _stdin, node) => openFiles(given, undefined, node),
  follow: (given, node) => followFiles(given, undefined, node),
};

/** `defaults` are read when no path is given. `node` is that of `SourceKind`. */
export function openFiles(
  given: readonly string[],
  defaults?: readonly string[],
  node?: string,
): Source {
  const find = findPaths(given, defaults);
  let nodes: readonly string[] = [];
  return {
    read: async () => {
      const found = await find();
      const files = await readFiles(found.paths, node, readFileOrPipe);
      nodes = nodesOf(files);
      return documentsOf(found, files, node);
    },
    get nodes() {
      return nodes;
    },
  };
}

/** Opens files like `openFiles`. Refuses pipes and devices, because they cannot be read again. */
export function followFiles(
  given: readonly string[],
  defaults?: readonly string[],
  node?: string,
): FollowedSource {
  const find = findPaths(given, defaults);
  const cache = new ReadCache(node);
  let nodes: readonly string[] = [];
  return {
    read: async () => {
      const found = await find();
      const files = await readFollowedFiles(found.paths, cache);
      nodes = nodesOf(files);
      // The watch compares its own reads with this one, also when no file could be used.
      cache.digest = await digestOf(files);
      return documentsOf(found, files, node);
    },
    get nodes() {
      return nodes;
    },
    watch: async (options) => {
      // Loads chokidar only for those who watch.
      const { watchFiles } = await import('./watch-files.ts');
      return watchFiles(async () => (await find()).paths, cache, options);
    },
  };
}

function documentsOf(
  { paths, areMissing }: ConfigurationPaths,
  files: readonly FileRead[],
  node: string | undefined,
): Document[] {
  if (areMissing) {
    throw new IpvstateError('NO_INPUT', `neither ${paths.join(' nor ')} exists`, {
      hint: 'Name a file or a folder with -f.',
    });
  }
  const own = files.filter(({ read }) => read.kind !== 'of-other-node');
  // No file at all is never an empty table.
  if (own.length === 0 && node !== undefined) throw noFileFor(node, paths, nodesOf(files));
  return own.map((file) => {
    const named = { name: file.path, ...(file.node !== undefined && { node: file.node }) };
    return file.read.kind === 'skipped'
      ? { ...named, bytes: Buffer.alloc(0), isSkipped: true }
      : { ...named, bytes: contentOf(file) };
  });
}

function nodesOf(files: readonly FileRead[]): string[] {
  return [...new Set(files.flatMap(({ node }) => node ?? []))];
}

function noFileFor(
  node: string,
  paths: readonly string[],
  nodes: readonly string[],
): IpvstateError {
  const hint = `There are files for ${nodes.join(', ')}. Correct --node, or name other files with -f.`;
  return new IpvstateError('NO_INPUT', `${paths.join(', ')} has no file for ${node}`, { hint });
}

/** Reads one file, pipe or device. Throws like `Source.read`. */
export async function readInputFile(path: string): Promise<Buffer> {
  return contentOf({ path, read: await readFileOrPipe(path) });
}

async function readFileOrPipe(path: string): Promise<StableRead> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats || stats.isFile() || stats.isDirectory()) return readStable(path);
  // The size of a pipe or a device says nothing, and some of them never end.
  return { kind: 'content', bytes: await readStream(createReadStream(path), path) };
}

function contentOf({ path, read }: FileRead): Buffer {
  switch (read.kind) {
    case 'content':
      return read.bytes;
    case 'unreadable':
      return unreadable(path, { code: read.code });
    case 'no-files':
      throw new IpvstateError('NO_INPUT', `${path} has no ${FOLDER_FILES} file`);
    case 'of-no-node':
      throw new IpvstateError('CONFIG', `${path} is for no node`, {
        hint: `In ${NODES_FOLDER} there is one folder for each node: ${NODES_FOLDER}/NAME/*.yaml.`,
      });
    case 'special':
    case 'skipped':
    case 'of-other-node':
      throw new IpvstateError('NO_INPUT', `${path} is not a file, and cannot be read again`);
    case 'too-large':
      throw tooLarge(path, `${read.size}`);
    case 'unstable':
      throw new IpvstateError('UNSTABLE', `${path} is still being written`);
    default:
      return read satisfies never;
  }
}
