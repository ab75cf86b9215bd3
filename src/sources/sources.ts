import type { Readable } from 'node:stream';
import { IpvstateError } from '../errors.ts';
import { ETCD } from './etcd/etcd.ts';
import { FILES } from './files/files.ts';
import type { FollowedSource, GenerationStores, Source, SourceKind } from './source.ts';
import { STDIN } from './stdin.ts';

/** Every kind of source. FILES is the last one, because it takes every value of `-f`. */
const SOURCES: readonly SourceKind[] = [STDIN, ETCD, FILES];

/**
 * Opens the sources that values of `-f` name, to be read once; without any, the default file or
 * folder. `node` is that of `SourceKind`. Throws `USAGE` for a value that is given twice.
 */
export function openSources(
  paths: readonly string[],
  stdin: () => Readable,
  node?: string,
): Source[] {
  return openGroups(paths, (kind, group) => kind.open(group, stdin, node));
}

/** Opens sources like `openSources`, to be followed. */
export function followSources(
  paths: readonly string[],
  node: string | undefined,
  stores?: GenerationStores,
): FollowedSource[] {
  return openGroups(paths, (kind, group) => kind.follow(group, node, stores));
}

/** Neighbours of the same kind are one source. */
function openGroups<S>(
  paths: readonly string[],
  open: (kind: SourceKind, paths: readonly string[]) => S,
): S[] {
  // An address is checked where it is opened: until then, no message may repeat it.
  refuseRepeated(paths.filter((path) => kindOf(path) !== ETCD));
  if (paths.length === 0) return [open(FILES, [])];
  const groups: { readonly kind: SourceKind; readonly paths: string[] }[] = [];
  for (const path of paths) {
    const kind = kindOf(path);
    const last = groups.at(-1);
    if (last?.kind === kind) last.paths.push(path);
    else groups.push({ kind, paths: [path] });
  }
  return groups.map((group) => open(group.kind, group.paths));
}

function kindOf(path: string): SourceKind {
  return SOURCES.find(({ recognise }) => recognise(path)) ?? FILES;
}

/** Tells whether a value of `-f` is the path of a file or a folder. */
export function isFilePath(path: string): boolean {
  return kindOf(path) === FILES;
}

/** Throws `USAGE` when a name is there twice: its content would be merged with itself. */
export function refuseRepeated(names: readonly string[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new IpvstateError('USAGE', `${repeated} is given twice`);
}
