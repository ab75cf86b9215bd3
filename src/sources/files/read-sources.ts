import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { configurationNames } from './folder.ts';
import { readStable, SourceCache, type StableRead } from './read-stable.ts';

/** One file that a path means, as it was read. */
export interface Source {
  readonly path: string;
  readonly read: StableRead;
}

/** Everything that the paths mean at one moment. */
export interface Sources {
  /** Files as they were given, and those of folders in their place. An empty or unreadable folder stands for itself. */
  readonly files: readonly Source[];
  /** Equal exactly when the files and what was read of them are. */
  readonly digest: string;
}

/**
 * Reads files, and folders of them. Never throws for what is missing or unreadable: that is a state like any other. Those that are the
 * ones in the cache, by everything the file system says of them, are not read again for a while.
 */
export async function readSources(
  paths: readonly string[],
  cache = new SourceCache(),
): Promise<Sources> {
  const files = (await Promise.all(paths.map((path) => readPath(path, cache)))).flat();
  const found = new Set(files.map(({ path }) => path));
  for (const path of cache.reads.keys()) if (!found.has(path)) cache.reads.delete(path);
  const hash = createHash('sha256');
  for (const { path, read } of files) hash.update(JSON.stringify([path, stateOf(read)]));
  return { files, digest: hash.digest('hex') };
}

async function readPath(path: string, cache: SourceCache): Promise<readonly Source[]> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) return [{ path, read: await readStable(path, { cache }) }];
  try {
    const names = await configurationNames(path);
    if (names.length > 0)
      return await Promise.all(
        names
          .map((name) => join(path, name))
          .map(async (file) => ({ path: file, read: await readStable(file, { cache }) })),
      );
    return [{ path, read: { kind: 'unreadable', code: 'ENOENT' } }];
  } catch (error) {
    return [
      { path, read: { kind: 'unreadable', code: (error as NodeJS.ErrnoException).code ?? 'EIO' } },
    ];
  }
}

function stateOf(read: StableRead): readonly (string | number)[] {
  switch (read.kind) {
    case 'content':
      return [read.kind, read.sha256];
    case 'unreadable':
      return [read.kind, read.code];
    case 'too-large':
      return [read.kind, read.size];
    case 'unstable':
      return [read.kind];
    default:
      return read satisfies never;
  }
}
