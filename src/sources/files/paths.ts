import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { isAbsent } from '../../errors.ts';
import { isNodeName } from '../../model/node.ts';

/** The places of a configuration that nobody named. The first place that exists is read. */
const DEFAULT_PATHS = ['/etc/ipvstate/ipvstate.yaml', '/etc/ipvstate/conf.d'] as const;

/** The files and folders to read. */
export interface ConfigurationPaths {
  readonly paths: readonly string[];
  /** True when these are the default places, and none of them exists. */
  readonly areMissing: boolean;
}

/**
 * Returns a function that finds the files and folders to read: those that are given, or the first
 * default place that exists. A place that was found once stays the answer. A daemon must not move
 * to another configuration because its file is missing for a moment.
 */
export function findPaths(
  given: readonly string[],
  defaults: readonly string[] = DEFAULT_PATHS,
): () => Promise<ConfigurationPaths> {
  let found = given.length > 0 ? given : undefined;
  return async () => {
    for (const path of defaults) if (!found && (await exists(path))) found = [path];
    return { paths: found ?? defaults, areMissing: found === undefined };
  };
}

/** Only "is not there" is absence: a place that cannot be looked at is read, to say why. */
async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    return !isAbsent(error);
  }
}

/** The files of a folder that are read, in words. */
export const FOLDER_FILES = '*.yaml, *.yml or *.json';

/** The folder, in a folder of files for all nodes, that has a folder for each node. */
export const NODES_FOLDER = 'nodes';

/**
 * The node that a file or a folder is for by its place, `nodes/NAME/FILE` or `nodes/NAME`. A person
 * may be in that folder, or name a file of it: it is for no other node then, either. The names
 * count, and not what they are links to, as in a folder that is read whole.
 */
export function nodeOfPath(path: string, isFolder: boolean): string | undefined {
  const folder = isFolder ? resolve(path) : dirname(resolve(path));
  const isOfNode = basename(dirname(folder)) === NODES_FOLDER && isNodeName(basename(folder));
  return isOfNode ? basename(folder) : undefined;
}

/**
 * Lists the configuration files of a folder in the order of the bytes of their names, which does
 * not depend on the locale. Hidden files are those of editors, and of Kubernetes (`..data`).
 */
export async function configurationNames(folder: string): Promise<string[]> {
  return (await sortedNames(folder)).filter(isConfigurationName);
}

/** Lists the entries of a folder that are not hidden, like `configurationNames`. */
export async function sortedNames(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export function isConfigurationName(name: string): boolean {
  return /\.(?:ya?ml|json)$/.test(name);
}
