import { basename, join, relative } from 'node:path';
import { IpvstateError } from '../errors.ts';
import { hasErrors } from '../model/issue.ts';
import type { EtcdClient } from '../sources/etcd/client.ts';
import { documentsOf, readFilesOf, readManifest } from '../sources/etcd/generation.ts';
import { isFileName, nodeOf } from '../sources/etcd/layout.ts';
import type { NewGeneration } from '../sources/etcd/push.ts';
import { findPaths } from '../sources/files/paths.ts';
import { readDocuments } from '../sources/load.ts';
import { loadForNodes } from '../sources/load-nodes.ts';
import type { Document } from '../sources/source.ts';
import { isFilePath, openSources } from '../sources/sources.ts';
import { wrongUsage } from './declare/wrong-usage.ts';
import type { Environment } from './environment.ts';
import { requireValid } from './load-valid.ts';

/** Files that are valid for every node. */
export interface FilesToPush {
  readonly files: NewGeneration['files'];
  /** The nodes that the files name, and any other one. */
  readonly nodes: readonly string[];
  /** The files, as a director reads them. */
  readonly documents: readonly Document[];
}

/** Reads files, and checks them for every node. Throws `CONFIG` when one has an error. */
export async function readFilesToPush(
  paths: readonly string[],
  environment: Environment,
): Promise<FilesToPush> {
  if (!paths.every(isFilePath)) throw wrongUsage('only files and folders are pushed');
  const documents = await readDocuments(openSources(paths, environment.stdin));
  const nodes = await check(documents, environment);
  const found = await findPaths(paths)();
  const files = documents
    .filter(({ isSkipped }) => !isSkipped)
    .map((document) => ({ name: nameInGeneration(document, found.paths), bytes: document.bytes }));
  const repeated = files.find(
    ({ name }, index) => files.findIndex((other) => other.name === name) < index,
  );
  if (repeated) throw wrongUsage(`two files are called ${repeated.name}`);
  return { files, nodes, documents };
}

/** Reads the files of an earlier generation, and checks them like `readFilesToPush`. */
export async function readFilesOfEarlier(
  client: EtcdClient,
  prefix: string,
  earlier: number,
  environment: Environment,
): Promise<FilesToPush> {
  const { manifest, sha256 } = await readManifest(client, prefix, earlier);
  const files = await readFilesOf(client, prefix, manifest);
  const documents = documentsOf(prefix, { generation: earlier, sha256, files }, undefined);
  return { files, nodes: await check(documents, environment), documents };
}

async function check(
  documents: readonly Document[],
  environment: Environment,
): Promise<readonly string[]> {
  const { desired, nodes, ...loaded } = await loadForNodes(documents, {});
  const [first] = desired.values();
  requireValid({ ...loaded, desired: hasErrors(loaded.issues) ? undefined : first }, environment);
  return nodes;
}

/** The name of a file in its folder. Throws `USAGE` for a name that no folder would have read. */
function nameInGeneration({ name, node }: Document, paths: readonly string[]): string {
  const [path = name] = paths.filter((each) => !relative(each, name).startsWith('..'));
  const found = relative(path, name) || basename(name);
  if (!isFileName(found)) throw wrongUsage(`${name} is not called *.yaml, *.yml or *.json`);
  // Without the folders above it, the file would be for every node, and all else would be gone.
  if (node !== undefined && nodeOf(found) !== node)
    throw new IpvstateError('USAGE', `${name} is for ${node} only, and a push is for all nodes`, {
      hint: `Name the folder that has the folder \`nodes\` in it: -f ${join(name, '../../..')}.`,
    });
  return found;
}
