import type { BigIntStats } from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { configurationNames } from './paths.ts';

/** An entry of a folder whose change can alter the file that a path leads to. */
export interface Link {
  /** An existing folder, by a path without symbolic links. */
  readonly folder: string;
  /** The name of a link, of the file, or of a missing entry. undefined: every entry counts. */
  readonly name: string | undefined;
}

/** The way from a path to its file or folder, through symbolic links. */
export interface Chain {
  readonly links: readonly Link[];
  /** Equal while the links lead through the same folders and files, whose watches then hold. */
  readonly identity: string;
}

/** The most links that the kernel follows (kernel: include/linux/namei.h, MAXSYMLINKS). */
const MAX_LINKS = 40;

/**
 * Resolves a path link by link. A missing or forbidden entry ends the chain: its last link is then
 * in the nearest folder that exists.
 */
export async function resolveChain(path: string): Promise<Chain> {
  const folders = new FolderIdentities();
  const walk = await walkLinks('/', split(resolve(path)), folders);
  if (!walk.isFolder) return walk;
  const names = await configurationNames(walk.end).catch(() => []);
  const entries = await Promise.all(names.map((name) => walkLinks(walk.end, [name], folders)));
  return {
    links: [
      ...walk.links,
      { folder: walk.end, name: undefined },
      ...entries.flatMap(({ links }) => links),
    ],
    identity: [walk, ...entries].map(({ identity }) => identity).join('\n'),
  };
}

interface Walk extends Chain {
  readonly end: string;
  readonly isFolder: boolean;
}

/** Reads the identity of each folder once, however many files are in it. */
class FolderIdentities {
  readonly #known = new Map<string, Promise<string>>();

  of(folder: string): Promise<string> {
    const known = this.#known.get(folder) ?? statQuietly(folder).then(identityOf);
    this.#known.set(folder, known);
    return known;
  }
}

/** Walks along `names` from a folder whose path has no symbolic links. */
async function walkLinks(
  start: string,
  names: readonly string[],
  folders: FolderIdentities,
): Promise<Walk> {
  const links: Link[] = [];
  const identities: string[] = [];
  const done = (end: string, isFolder = false): Walk => ({
    links,
    identity: identities.join('\n'),
    end,
    isFolder,
  });
  const addLink = async (folder: string, name: string, entry: string): Promise<void> => {
    links.push({ folder, name });
    identities.push(`${folder} ${await folders.of(folder)} ${name} ${entry}`);
  };

  let folder = start;
  const rest = [...names];
  for (let followed = 0; ; ) {
    const name = rest.shift();
    if (name === undefined) break;
    if (name === '..') {
      folder = dirname(folder);
      continue;
    }
    const here = join(folder, name);
    const found = await lstatQuietly(here);
    if (found?.isDirectory()) {
      folder = here;
    } else if (found?.isSymbolicLink() && followed++ < MAX_LINKS) {
      const target = await readlinkQuietly(here);
      await addLink(folder, name, target);
      if (target.startsWith('/')) folder = '/';
      rest.unshift(...split(target));
    } else {
      await addLink(folder, name, identityOf(found));
      return done(here);
    }
  }
  identities.push(`${folder} ${await folders.of(folder)}`);
  return done(folder, true);
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** The time of birth tells a new folder from a removed one that had the same inode number. */
function identityOf(stats: BigIntStats | undefined): string {
  return stats ? `${stats.dev}:${stats.ino}:${stats.birthtimeNs}` : 'missing';
}

function lstatQuietly(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(() => undefined);
}

function statQuietly(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(() => undefined);
}

/** Returns an empty target for a link that vanished meanwhile. */
function readlinkQuietly(path: string): Promise<string> {
  return readlink(path).catch(() => '');
}
