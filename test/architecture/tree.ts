import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The texts of files by their path in the repository. Tests also build one by hand, to show that a
 * rule finds a violation.
 */
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

/** The files below `folder` whose path `accepts`. The folder '' is the whole repository. */
export function readTree(folder: string, accepts: (path: string) => boolean = () => true): Tree {
  const paths = [...walk(join(REPOSITORY, folder))]
    .map((path) => relative(REPOSITORY, path))
    .filter(accepts);
  return new Map(paths.map((path) => [path, readFileSync(join(REPOSITORY, path), 'utf8')]));
}

/** Tells whether a file is TypeScript written by hand: neither generated code nor declarations. */
export function isWritten(path: string): boolean {
  return /\.tsx?$/.test(path) && !path.endsWith('.d.ts');
}

/** The file that a relative `specifier` in `path` names. Null for a package or a module of Node. */
export function resolveImport(path: string, specifier: string): string | null {
  return specifier.startsWith('.') ? posix.join(dirname(path), specifier) : null;
}
