import { IpvstateError } from '../../errors.ts';
import { sha256 } from '../digest.ts';
import { MAX_BYTES, tooLarge } from '../read-stream.ts';
import type { Document } from '../source.ts';
import { generationName } from './address.ts';
import type { EtcdClient, EtcdEntry } from './client.ts';
import {
  type Current,
  chunkKey,
  currentKey,
  decodeCurrent,
  decodeManifest,
  generationKey,
  generationsKey,
  type Manifest,
  nodeOf,
} from './layout.ts';

/** A generation with the content of its files. */
export interface Generation {
  readonly generation: number;
  /** The digest of its manifest: two generations of one number differ in it. */
  readonly sha256: string;
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
}

/** `current`, with its revision in etcd, which a push must find again. */
export interface CurrentEntry extends Current {
  readonly revision: string;
}

/** Reads `current`. undefined: nothing was ever pushed here. Throws `NO_INPUT` and `CONFIG`. */
export async function readCurrent(
  client: EtcdClient,
  prefix: string,
): Promise<CurrentEntry | undefined> {
  const key = currentKey(prefix);
  const entry = await client.get(key);
  return entry && { ...decodeCurrent(key, entry.value), revision: entry.revision };
}

/** Reads `current`. Throws `NO_INPUT` when nothing was ever pushed here. */
export async function requireCurrent(client: EtcdClient, prefix: string): Promise<CurrentEntry> {
  const current = await readCurrent(client, prefix);
  if (current) return current;
  throw new IpvstateError('NO_INPUT', `etcd:${prefix} has no generation`, {
    hint: 'Push one: ipvstate push -f conf.d --to etcd://HOST/PREFIX.',
  });
}

/** Reads the manifest of a generation. Throws `NO_INPUT` when there is none of this number. */
export async function readManifest(
  client: EtcdClient,
  prefix: string,
  generation: number,
): Promise<{ readonly manifest: Manifest; readonly sha256: string }> {
  const key = generationKey(prefix, generation);
  const entry = await client.get(key);
  if (!entry) throw new IpvstateError('NO_INPUT', `etcd:${prefix} has no generation ${generation}`);
  return { manifest: manifestOf(entry), sha256: await sha256(entry.value) };
}

/** Lists the manifests of all generations, the first one first. */
export async function listManifests(
  client: EtcdClient,
  prefix: string,
): Promise<readonly Manifest[]> {
  return (await client.list(generationsKey(prefix))).map(manifestOf);
}

function manifestOf({ key, value }: EtcdEntry): Manifest {
  const manifest = decodeManifest(key, value);
  if (!key.endsWith(generationKey('', manifest.generation)))
    throw new IpvstateError('CONFIG', `etcd:${key} is the manifest of another generation`);
  return manifest;
}

/** Reads the generation that `current` names, and checks every digest. */
export async function readGeneration(
  client: EtcdClient,
  prefix: string,
  { generation, sha256: digest }: Current,
): Promise<Generation> {
  const found = await readManifest(client, prefix, generation);
  const damaged = (subject: string) =>
    new IpvstateError('CONFIG', `${generationName(prefix, generation, subject)} is damaged`);
  if (found.sha256 !== digest) throw damaged('its manifest');
  const files: { name: string; bytes: Buffer }[] = [];
  for (const { name, sha256: wanted, chunks } of found.manifest.files) {
    const bytes = await readChunks(client, prefix, name, chunks);
    if ((await sha256(bytes)) !== wanted) throw damaged(name);
    files.push({ name, bytes });
  }
  return { generation, sha256: digest, files };
}

async function readChunks(
  client: EtcdClient,
  prefix: string,
  name: string,
  digests: readonly string[],
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (const digest of digests) {
    const entry = await client.get(chunkKey(prefix, digest));
    if (!entry)
      throw new IpvstateError('NO_INPUT', `etcd:${prefix} lacks a part of ${name}: ${digest}`);
    size += entry.value.length;
    if (size > MAX_BYTES) throw tooLarge(name, `more than ${MAX_BYTES}`);
    chunks.push(entry.value);
  }
  return Buffer.concat(chunks);
}

/** The nodes that a generation has files for. */
export function nodesOf({ files }: Generation): string[] {
  return [...new Set(files.flatMap(({ name }) => nodeOf(name) ?? []))];
}

/** The documents of a generation for one node; without a node, those of every node. */
export function documentsOf(
  prefix: string,
  found: Generation,
  node: string | undefined,
): Document[] {
  const { generation, files } = found;
  const documents = files.flatMap(({ name, bytes }) => {
    const own = nodeOf(name);
    if (own !== undefined && node !== undefined && own !== node) return [];
    const document = { name: generationName(prefix, generation, name), bytes };
    return [own === undefined ? document : { ...document, node: own }];
  });
  // No file at all is never an empty table.
  if (documents.length === 0) {
    const name = generationName(prefix, generation);
    const nodes = nodesOf(found);
    if (node === undefined || nodes.length === 0)
      throw new IpvstateError('NO_INPUT', `${name} has no files`);
    throw new IpvstateError('NO_INPUT', `${name} has no file for ${node}`, {
      hint: `It has files for ${nodes.join(', ')}. Correct --node, or push files for all nodes.`,
    });
  }
  return documents;
}
