import { onTestFinished } from 'vitest';
import { openEtcd } from '../../src/sources/etcd/client.ts';
import { FollowedEtcd, type GenerationStore } from '../../src/sources/etcd/followed.ts';
import { type Generation, readCurrent } from '../../src/sources/etcd/generation.ts';
import { pushGeneration } from '../../src/sources/etcd/push.ts';
import { systemClock } from '../../src/sources/files/clock.ts';
import { until } from './until.ts';

export const PREFIX = '/prod';
export const ABOUT = { author: 'a@b', message: '', created: '2026-01-01T00:00:00Z' };

/** Waits are a hundredth of those of the program: tests wait for conditions. */
const clock = {
  ...systemClock,
  after: (milliseconds: number, callback: () => void) =>
    systemClock.after(milliseconds / 100, callback),
};

/** Pushes files as `ipvstate push` does. */
export async function pushTo(
  host: string,
  files: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
) {
  const client = openEtcd({ hosts: [host], prefix: PREFIX }, env);
  const named = Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
  const current = await readCurrent(client, PREFIX);
  return pushGeneration(client, PREFIX, current, { ...ABOUT, files: named });
}

export function memoryStore(kept?: Generation): GenerationStore & { kept: Generation | undefined } {
  return {
    kept,
    async read() {
      return this.kept;
    },
    async write(generation) {
      this.kept = generation;
    },
  };
}

interface Follower {
  readonly node?: string;
  readonly store?: GenerationStore;
  readonly env?: NodeJS.ProcessEnv;
  /** Tests that run side by side have one each. */
  readonly onFinished?: (close: () => Promise<void>) => void;
}

/** Follows as the daemon does: each change is read, and a read that succeeds is kept. */
export function follow(
  { host, hosts = [host] }: { readonly host: string; readonly hosts?: readonly string[] },
  { node, store, env = {}, onFinished = onTestFinished }: Follower = {},
) {
  const client = openEtcd({ hosts, prefix: PREFIX }, env);
  const source = new FollowedEtcd({
    ...{ client, prefix: PREFIX, node, store, clock, random: () => 0.5 },
  });
  let seen = '';
  const watching = source.watch({
    quietMilliseconds: 0,
    onChange: async () => {
      const documents = await source.read().catch((error: Error) => error);
      if (documents instanceof Error) seen = documents.message;
      else {
        seen = documents.map(({ bytes }) => bytes.toString()).join('|');
        await source.keep();
      }
    },
  });
  onFinished(async () => (await watching).close());
  return {
    source,
    seen: () => seen,
    untilSeen: (text: string) => until(`"${text}" is seen, and not "${seen}"`, () => seen === text),
    untilProblem: (pattern: RegExp | undefined) =>
      until(`the problem is ${pattern}`, () =>
        pattern ? pattern.test(source.problem?.message ?? '') : source.problem === undefined,
      ),
  };
}
