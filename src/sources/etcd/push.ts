import { IpvstateError } from '../../errors.ts';
import { sha256 } from '../digest.ts';
import type { EtcdClient } from './client.ts';
import { type CurrentEntry, readManifest } from './generation.ts';
import {
  chunkKey,
  currentKey,
  encodeCurrent,
  encodeManifest,
  generationKey,
  type Manifest,
} from './layout.ts';

/** Bytes of a chunk. etcd refuses requests of more than 1.5 MiB, unless it is told otherwise. */
const CHUNK_BYTES = 1024 * 1024;

/** The largest manifest, of about 5,000 files. It is written in one request, with `current`. */
const MAX_MANIFEST_BYTES = 1024 * 1024;

/** A generation to push. */
export interface NewGeneration extends Pick<Manifest, 'author' | 'message' | 'created'> {
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
}

/**
 * Writes a generation after `current`, and makes it the current one, in one transaction. Its chunks
 * are written before: they are in nobody's way. Throws `STALE` when `current` is another one now.
 */
export async function pushGeneration(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry | undefined,
  { files, ...about }: NewGeneration,
): Promise<Manifest> {
  const written: Manifest['files'][number][] = [];
  for (const { name, bytes } of files) {
    const chunks: string[] = [];
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
      chunks.push(await putChunk(client, prefix, bytes.subarray(at, at + CHUNK_BYTES)));
    written.push({ name, sha256: await sha256(bytes), chunks });
  }
  return commit(client, prefix, current, { ...about, copy_of: null, files: written });
}

/** Pushes the files of an earlier generation again, as a new generation. */
export async function pushAgain(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry,
  earlier: number,
  about: Pick<Manifest, 'author' | 'message' | 'created'>,
): Promise<Manifest> {
  const { files } = (await readManifest(client, prefix, earlier)).manifest;
  return commit(client, prefix, current, { ...about, copy_of: earlier, files });
}

/** A chunk is named by its content, so one that is there already is the same. */
async function putChunk(client: EtcdClient, prefix: string, bytes: Buffer): Promise<string> {
  const digest = await sha256(bytes);
  await client.putAll([{ key: chunkKey(prefix, digest), value: bytes, revision: undefined }]);
  return digest;
}

async function commit(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry | undefined,
  about: Omit<Manifest, 'generation' | 'parent'>,
): Promise<Manifest> {
  const parent = current?.generation ?? null;
  const generation = (parent ?? 0) + 1;
  const manifest = { generation, parent, ...about };
  const value = encodeManifest(manifest);
  if (value.length > MAX_MANIFEST_BYTES) {
    throw new IpvstateError(
      'CONFIG',
      `${about.files.length} files are more than a generation can have`,
      { hint: 'Put several services into one file.' },
    );
  }
  const isWritten = await client.putAll([
    { key: generationKey(prefix, generation), value, revision: undefined },
    {
      key: currentKey(prefix),
      value: encodeCurrent({ generation, sha256: await sha256(value) }),
      revision: current?.revision,
    },
  ]);
  if (isWritten) return manifest;
  throw new IpvstateError(
    'STALE',
    `generation ${generation} of etcd:${prefix} was pushed meanwhile; nothing was changed`,
    { hint: 'Look at it with `ipvstate generations`, and push again.' },
  );
}
