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
  generationOfKey,
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

/** A generation that etcd has not whole: a key of it is missing, or has another value. */
export class BrokenGenerationError extends IpvstateError {}

/** Reads `current`. Throws `NO_INPUT` when no generation is in force. */
export async function requireCurrent(client: EtcdClient, prefix: string): Promise<CurrentEntry> {
  const current = await readCurrent(client, prefix);
  if (current) return current;
  const last = (await listGenerations(client, prefix)).at(-1);
  if (last === undefined) {
    throw new IpvstateError('NO_INPUT', `etcd:${prefix} has no generation`, {
      hint: `Push one: ${pushCommand(prefix, '-f conf.d')}.`,
    });
  }
  throw new IpvstateError(
    'NO_INPUT',
    `no generation is in force in etcd:${prefix}: its key \`current\` is missing. ` +
      `The last generation is ${last}`,
    { hint: `Put one in force: ${pushCommand(prefix, `--generation ${last}`)}.` },
  );
}

/** A command line that pushes, for hints. */
export function pushCommand(prefix: string, options: string): string {
  return `ipvstate push ${options} --to etcd://HOST${prefix}`;
}

/** Lists the numbers of all generations, the first one first. */
export async function listGenerations(client: EtcdClient, prefix: string): Promise<number[]> {
  const keys = await client.listKeys(generationsKey(prefix));
  return keys.flatMap((key) => generationOfKey(prefix, key) ?? []);
}

/** Reads the manifest of a generation. Throws `NO_INPUT` when there is none of this number. */
export async function readManifest(
  client: EtcdClient,
  prefix: string,
  generation: number,
): Promise<{ readonly manifest: Manifest; readonly sha256: string }> {
  const entry = await client.get(generationKey(prefix, generation));
  if (entry) return { manifest: manifestOf(entry), sha256: await sha256(entry.value) };
  throw new IpvstateError('NO_INPUT', `etcd:${prefix} has no generation ${generation}`, {
    hint: `List those that it has: ipvstate generations etcd://HOST${prefix}.`,
  });
}

/** Lists the manifests of all generations, the first one first, and those that are damaged. */
export async function listManifests(
  client: EtcdClient,
  prefix: string,
): Promise<{ readonly manifests: readonly Manifest[]; readonly damaged: readonly number[] }> {
  const manifests: Manifest[] = [];
  const damaged: number[] = [];
  for (const entry of await client.list(generationsKey(prefix))) {
    const generation = generationOfKey(prefix, entry.key);
    if (generation === undefined) continue;
    try {
      manifests.push(manifestOf(entry));
    } catch {
      damaged.push(generation);
    }
  }
  return { manifests, damaged };
}

function manifestOf({ key, value }: EtcdEntry): Manifest {
  const manifest = decodeManifest(key, value);
  if (!key.endsWith(generationKey('', manifest.generation)))
    throw new IpvstateError('CONFIG', `etcd:${key} is the manifest of another generation`);
  return manifest;
}

/**
 * Reads the manifest of the generation in force. Throws `BrokenGenerationError` when it is not the
 * one that `current` names.
 */
export async function readManifestInForce(
  client: EtcdClient,
  prefix: string,
  { generation, sha256: digest }: Current,
): Promise<Manifest> {
  const entry = await client.get(generationKey(prefix, generation));
  if (!entry) {
    const others = await listGenerations(client, prefix);
    const earlier = others.filter((other) => other < generation).at(-1);
    throw broken(
      'NO_INPUT',
      `generation ${generation} is in force in etcd:${prefix}, and its manifest is missing`,
      prefix,
      earlier,
    );
  }
  const isIntact = (await sha256(entry.value)) === digest;
  try {
    const manifest = manifestOf(entry);
    if (isIntact) return manifest;
  } catch (error) {
    // An intact manifest may be one of a later version.
    if (isIntact || !(error instanceof IpvstateError)) throw error;
    throw broken('CONFIG', error.message, prefix);
  }
  const name = generationName(prefix, generation, 'its manifest');
  throw broken('CONFIG', `${name} is damaged`, prefix);
}

function broken(
  code: 'NO_INPUT' | 'CONFIG',
  message: string,
  prefix: string,
  earlier?: number,
): BrokenGenerationError {
  const back =
    earlier === undefined ? '' : `, or go back: ${pushCommand(prefix, `--generation ${earlier}`)}`;
  return new BrokenGenerationError(code, message, {
    hint: `Push the files again: ${pushCommand(prefix, '-f conf.d')}${back}.`,
  });
}

/** Reads the generation that `current` names, and checks every digest. */
export async function readGeneration(
  client: EtcdClient,
  prefix: string,
  current: Current,
): Promise<Generation> {
  const manifest = await readManifestInForce(client, prefix, current);
  const { generation, sha256: digest } = current;
  return { generation, sha256: digest, files: await readFilesOf(client, prefix, manifest) };
}

/**
 * Reads the generation in force. It may be replaced, and its parts be removed, while it is read:
 * then the one after it is read.
 */
export async function readInForce(client: EtcdClient, prefix: string): Promise<Generation> {
  let current = await requireCurrent(client, prefix);
  for (;;) {
    try {
      return await readGeneration(client, prefix, current);
    } catch (error) {
      if (!(error instanceof BrokenGenerationError)) throw error;
      const later = await requireCurrent(client, prefix);
      if (later.sha256 === current.sha256) throw error;
      current = later;
    }
  }
}

/** Reads the files of a generation. Throws `BrokenGenerationError` when a part is not there. */
export async function readFilesOf(
  client: EtcdClient,
  prefix: string,
  { generation, files: described }: Manifest,
): Promise<Generation['files']> {
  const files: { name: string; bytes: Buffer }[] = [];
  for (const { name, sha256: wanted, chunks } of described) {
    const bytes = await readChunks(client, prefix, name, chunks);
    if ((await sha256(bytes)) !== wanted)
      throw broken('CONFIG', `${generationName(prefix, generation, name)} is damaged`, prefix);
    files.push({ name, bytes });
  }
  return files;
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
      throw broken('NO_INPUT', `etcd:${prefix} lacks a part of ${name}: ${digest}`, prefix);
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
