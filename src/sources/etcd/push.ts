import { IpvstateError } from '../../errors.ts';
import { encodeDocument } from '../../fleet/document.ts';
import { nodesOf, reportsKey } from '../../fleet/nodes.ts';
import { ROLLOUT, type Rollout } from '../../fleet/rollout.ts';
import { sha256 } from '../digest.ts';
import type { EtcdClient, EtcdWrite } from './client.ts';
import { EtcdOutcomeUnknownError } from './failures.ts';
import {
  type CurrentEntry,
  listGenerations,
  readCurrent,
  readFilesOf,
  readManifest,
} from './generation.ts';
import {
  type Current,
  chunkKey,
  currentKey,
  encodeCurrent,
  encodeManifest,
  generationKey,
  type Manifest,
  rolloutKey,
} from './layout.ts';

/** Bytes of a chunk. etcd refuses requests of more than 1.5 MiB, unless it is told otherwise. */
const CHUNK_BYTES = 1024 * 1024;

/** The largest manifest, of about 5,000 files. It is written in one request, with `current`. */
const MAX_MANIFEST_BYTES = 1024 * 1024;

/** How often a push begins anew because others write the same keys. */
const MOST_ATTEMPTS = 20;

/** The author, the time and the reason of a push. */
export type PushedBy = Pick<Manifest, 'author' | 'message' | 'created'>;

/** A generation to push. */
export interface NewGeneration extends PushedBy {
  /** undefined: every director takes it at once. */
  readonly rollout?: Omit<Rollout, 'generation'> | undefined;
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
}

/** A generation that was pushed. */
export interface Pushed {
  readonly manifest: Manifest;
  /** The generation in force, which may be a later one already. */
  readonly current: number;
}

/**
 * Writes a generation after `current`, and makes it the current one, in one transaction. Its chunks
 * are written before: they are in nobody's way. Throws `STALE` when `current` is another one now.
 */
export function pushGeneration(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry | undefined,
  { files, rollout, ...about }: NewGeneration,
): Promise<Pushed> {
  const prepare = async (): Promise<Unnumbered> => {
    const written: Manifest['files'][number][] = [];
    for (const { name, bytes } of files) {
      const chunks: string[] = [];
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
        chunks.push(await writeChunk(client, prefix, bytes.subarray(at, at + CHUNK_BYTES)));
      written.push({ name, sha256: await sha256(bytes), chunks });
    }
    return { ...about, copy_of: null, files: written };
  };
  return commit(client, prefix, current, prepare, rollout);
}

/** Pushes the files of an earlier generation again, as a new generation. They are read whole. */
export function pushAgain(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry | undefined,
  earlier: number,
  about: PushedBy,
): Promise<Pushed> {
  return commit(client, prefix, current, async () => {
    const { manifest } = await readManifest(client, prefix, earlier);
    await readFilesOf(client, prefix, manifest);
    return { ...about, copy_of: earlier, files: manifest.files };
  });
}

/** Writes a chunk unless it is there. One with another content than its name says is replaced. */
async function writeChunk(client: EtcdClient, prefix: string, bytes: Buffer): Promise<string> {
  const digest = await sha256(bytes);
  const key = chunkKey(prefix, digest);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const entry = await client.get(key);
    if (entry?.value.equals(bytes)) return digest;
    await client.putAll([{ key, value: bytes, revision: entry?.revision }]);
  }
  throw new IpvstateError('NO_INPUT', `etcd:${key} is overwritten by another program`);
}

/** A generation whose number is not known yet. */
type Unnumbered = Omit<Manifest, 'generation' | 'parent'>;

/**
 * Commits a generation after `current`. `prepare` makes sure of its chunks. It is called again when
 * only the revision of `current` has changed: chunks may have been removed then.
 */
async function commit(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry | undefined,
  prepare: () => Promise<Unnumbered>,
  plan?: NewGeneration['rollout'],
): Promise<Pushed> {
  let base = current;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const about = await prepare();
    const generation = await nextGeneration(client, prefix, base);
    const manifest = { generation, parent: base?.generation ?? null, ...about };
    const value = encodeManifest(manifest);
    if (value.length > MAX_MANIFEST_BYTES) throw tooManyFiles(about.files.length);
    const rollout = plan && encodeDocument(ROLLOUT, { generation, ...plan });
    const pushed = {
      ...{ generation, sha256: await sha256(value) },
      ...(rollout && { rollout: await sha256(rollout) }),
    };
    const key = generationKey(prefix, generation);
    const writes: [EtcdWrite, ...EtcdWrite[]] = [{ key, value, revision: undefined }];
    if (rollout)
      writes.push({ key: rolloutKey(prefix, generation), value: rollout, revision: undefined });
    const found = await put(client, prefix, base, writes, pushed);
    if (found.isPushed) return { manifest, current: found.current?.generation ?? generation };
    if (found.current?.sha256 !== current?.sha256) throw overtaken(prefix, found.current);
    base = found.current;
  }
  throw new IpvstateError('STALE', `etcd:${prefix} changes all the time; nothing was changed`);
}

/** Directors that report a number so far above all others are not believed. */
const MAX_GAP = 1_000_000;

/**
 * The number of the next generation. Directors take no lower one than they have: it is higher than
 * those that they report, which etcd may have lost.
 */
export async function nextGeneration(
  client: EtcdClient,
  prefix: string,
  current: Current | undefined,
): Promise<number> {
  // Without its key `current`, etcd may have generations. Their numbers are not given again.
  const last = (await listGenerations(client, prefix)).at(-1) ?? 0;
  const known = Math.max(current?.generation ?? 0, last);
  const nodes = nodesOf(prefix, await client.list(reportsKey(prefix)));
  const reported = nodes
    .map(({ report }) => report?.generation.read ?? 0)
    .filter((number) => number <= known + MAX_GAP);
  return Math.max(known, ...reported) + 1;
}

/** Puts a generation in force, whose manifest is the first write, and tells what is then. */
async function put(
  client: EtcdClient,
  prefix: string,
  base: CurrentEntry | undefined,
  own: readonly [EtcdWrite, ...EtcdWrite[]],
  pushed: Current,
): Promise<{ readonly isPushed: boolean; readonly current: CurrentEntry | undefined }> {
  const [{ key, value: manifest }] = own;
  const writes = [
    ...own,
    { key: currentKey(prefix), value: encodeCurrent(pushed), revision: base?.revision },
  ];
  let lost: EtcdOutcomeUnknownError | undefined;
  try {
    if (await client.putAll(writes)) return { isPushed: true, current: undefined };
  } catch (error) {
    if (!(error instanceof EtcdOutcomeUnknownError)) throw error;
    lost = error;
  }
  // An answer that was lost may have been a success, also where another member was asked then.
  const found = await (async () => {
    const current = await readCurrent(client, prefix);
    if (current?.sha256 === pushed.sha256) return { isPushed: true, current };
    return { isPushed: (await client.get(key))?.value.equals(manifest) ?? false, current };
  })().catch((error: unknown) => {
    throw mayBePushed(prefix, pushed, lost ?? error);
  });
  if (lost && !found.isPushed) throw mayBePushed(prefix, pushed, lost);
  return found;
}

function mayBePushed(prefix: string, { generation }: Current, error: unknown): IpvstateError {
  const { message } = error as Error;
  return new IpvstateError(
    'NO_INPUT',
    `${message}; generation ${generation} may have been pushed`,
    {
      hint: `Look before you push again: ipvstate generations etcd://HOST${prefix}.`,
    },
  );
}

function tooManyFiles(count: number): IpvstateError {
  return new IpvstateError('CONFIG', `${count} files are more than a generation can have`, {
    hint: 'Put several services into one file.',
  });
}

function overtaken(prefix: string, current: CurrentEntry | undefined): IpvstateError {
  const message = current
    ? `generation ${current.generation} of etcd:${prefix} was pushed meanwhile`
    : `the key \`current\` of etcd:${prefix} was deleted meanwhile`;
  return new IpvstateError('STALE', `${message}; nothing was changed`, {
    hint: 'Look at it with `ipvstate generations`, and push again.',
  });
}
