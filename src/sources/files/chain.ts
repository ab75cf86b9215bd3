import type { BigIntStats } from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { configurationNames } from './paths.ts';

/** A place where a change can alter what a path leads to. */
export interface Link {
  /** A folder that exists, with no link in its path. */
  readonly folder: string;
  /** The name in it that matters: a link, the file, or what is missing. `undefined`: any name does. */
  readonly name: string | undefined;
}

/** What a path leads to now, by way of which places. */
export interface Chain {
  readonly links: readonly Link[];
  /** Equal as long as the same things are in the same places: what the watches are on is then still what counts. */
  readonly identity: string;
}

/** As many as the kernel follows (kernel: include/linux/namei.h, MAXSYMLINKS). */
const MAX_LINKS = 40;

/** Resolves a path link by link. What is missing or forbidden ends the chain there, in the nearest folder that exists. */
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

/** Looks at each folder once, however many files are in it. */
class FolderIdentities {
  readonly #known = new Map<string, Promise<string>>();

  of(folder: string): Promise<string> {
    const known = this.#known.get(folder) ?? statQuietly(folder).then(identityOf);
    this.#known.set(folder, known);
    return known;
  }
}

/** From a folder with no link in its path, by these names. */
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
  const note = async (folder: string, name: string, what: string): Promise<void> => {
    links.push({ folder, name });
    identities.push(`${folder} ${await folders.of(folder)} ${name} ${what}`);
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
      await note(folder, name, target);
      if (target.startsWith('/')) folder = '/';
      rest.unshift(...split(target));
    } else {
      await note(folder, name, identityOf(found));
      return done(here);
    }
  }
  identities.push(`${folder} ${await folders.of(folder)}`);
  return done(folder, true);
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** The time of birth tells a folder from one that was removed before and whose number was given to it. */
function identityOf(stats: BigIntStats | undefined): string {
  return stats ? `${stats.dev}:${stats.ino}:${stats.birthtimeNs}` : 'missing';
}

function lstatQuietly(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(() => undefined);
}

function statQuietly(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(() => undefined);
}

/** A link that vanished since leads nowhere. */
function readlinkQuietly(path: string): Promise<string> {
  return readlink(path).catch(() => '');
}
