import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Source texts by path from the top of the repository, with slashes. Made by hand, it shows that a rule catches what it should. */
export type Tree = ReadonlyMap<string, string>;

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'coverage', 'package-lock.json']);

function* walk(folder: string): Generator<string> {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (NOT_OURS.has(name)) continue;
    if (statSync(path).isDirectory()) yield* walk(path);
    else yield path;
  }
}

/** The files below `folder` of the repository, '' being all of it, whose path `accepts`. */
export function readTree(folder: string, accepts: (path: string) => boolean = () => true): Tree {
  const paths = [...walk(join(REPOSITORY, folder))]
    .map((path) => relative(REPOSITORY, path))
    .filter(accepts);
  return new Map(paths.map((path) => [path, readFileSync(join(REPOSITORY, path), 'utf8')]));
}

/** What somebody wrote: generated code keeps no rule of style, and declarations have no behaviour. */
export function isWritten(path: string): boolean {
  return path.endsWith('.ts') && !path.endsWith('.d.ts');
}

/** The file that a relative `specifier` in `path` names; null for a package or a module of Node's. */
export function resolveImport(path: string, specifier: string): string | null {
  return specifier.startsWith('.') ? posix.join(dirname(path), specifier) : null;
}
