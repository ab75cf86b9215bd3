import { IpvstateError } from '../../errors.ts';
import type { EtcdClient } from './client.ts';
import {
  type CurrentEntry,
  listGenerations,
  readManifest,
  readManifestInForce,
  requireCurrent,
} from './generation.ts';
import {
  chunkKey,
  chunksKey,
  currentKey,
  encodeCurrent,
  generationKey,
  rolloutKey,
} from './layout.ts';
import { readFleetSnapshot } from './rollouts.ts';

/** Keys that are deleted in one transaction: etcd allows 128 operations. */
const BATCH_KEYS = 100;

/** How often the removal begins anew because others push meanwhile. */
const MOST_ATTEMPTS = 20;

/**
 * Removes all generations but the last `keep`, and then the chunks that no other one has. Keeps the
 * generation in force, the one before it, and the one that directors have until a rollout reaches
 * them. Returns the numbers of those that it removed. Throws like `readManifest` when a generation
 * that is kept cannot be read: its chunks are not known then.
 *
 * Each transaction writes `current` anew, with the same value: a push that has found a chunk before
 * it was deleted, and is not committed yet, begins anew then.
 */
export async function removeOldGenerations(
  client: EtcdClient,
  prefix: string,
  keep: number,
): Promise<readonly number[]> {
  const removed: number[] = [];
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const current = await requireCurrent(client, prefix);
    const all = await listGenerations(client, prefix);
    const needed = await neededGenerations(client, prefix, current, all);
    for (const each of all.slice(-keep)) needed.add(each);
    const old = all.filter((each) => !needed.has(each));
    const used = await chunksOf(
      client,
      prefix,
      all.filter((each) => needed.has(each)),
    );
    // A generation that is still listed has all of its chunks, whatever ends this halfway.
    const keys = old.flatMap((each) => [rolloutKey(prefix, each), generationKey(prefix, each)]);
    const after = await deleteKeys(client, prefix, current, keys);
    if (!after) continue;
    for (const each of old) removed.push(each);
    const chunks = (await client.listKeys(chunksKey(prefix))).filter((key) => !used.has(key));
    if (await deleteKeys(client, prefix, after, chunks)) return removed;
  }
  throw new IpvstateError('STALE', `others push to etcd:${prefix} all the time`);
}

async function neededGenerations(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry,
  all: readonly number[],
): Promise<Set<number | undefined>> {
  const { generation, parent } = await readManifestInForce(client, prefix, current);
  const { rollout } = await readFleetSnapshot(client, prefix);
  // A generation that was pushed while the key `current` was lost does not know the one before it.
  const before = parent ?? all.filter((each) => each < generation).at(-1);
  return new Set([generation, before, rollout?.rollout.base?.generation]);
}

/** The keys of the chunks of some generations. */
async function chunksOf(
  client: EtcdClient,
  prefix: string,
  generations: readonly number[],
): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (const generation of generations) {
    const { manifest } = await readManifest(client, prefix, generation);
    for (const { chunks } of manifest.files)
      for (const digest of chunks) keys.add(chunkKey(prefix, digest));
  }
  return keys;
}

/**
 * Deletes keys while a generation is in force. Returns `current` with its revision after that.
 * undefined: another generation was pushed.
 */
async function deleteKeys(
  client: EtcdClient,
  prefix: string,
  { revision, ...current }: CurrentEntry,
  keys: readonly string[],
): Promise<CurrentEntry | undefined> {
  const key = currentKey(prefix);
  let found: CurrentEntry = { ...current, revision };
  for (let at = 0; at < keys.length; at += BATCH_KEYS) {
    const write = { key, value: encodeCurrent(current), revision: found.revision };
    if (!(await client.putAll([write], keys.slice(at, at + BATCH_KEYS)))) return undefined;
    found = await requireCurrent(client, prefix);
    if (found.sha256 !== current.sha256) return undefined;
  }
  return found;
}
