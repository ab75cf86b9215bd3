import { readImports } from './imports.ts';
import { resolveImport, type Tree } from './tree.ts';

/** The files that each file loads at run time, when it starts or later. */
function valueImports(tree: Tree): ReadonlyMap<string, readonly string[]> {
  const edges = [...tree].map(([path, source]): [string, string[]] => [
    path,
    readImports(source)
      .filter(({ kind }) => kind !== 'type')
      .map(({ specifier }) => resolveImport(path, specifier))
      .filter((target) => target !== null && tree.has(target)) as string[],
  ]);
  return new Map(edges);
}

/** Every cycle of imports once, as the list of its files. */
export function importCycles(tree: Tree): readonly string[] {
  const edges = valueImports(tree);
  const finished = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const seenAt = way.indexOf(path);
    if (seenAt !== -1) {
      found.push([...way.slice(seenAt), path].join(' -> '));
      return;
    }
    if (finished.has(path)) return;
    for (const target of edges.get(path) ?? []) visit(target, [...way, path]);
    finished.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return found;
}
