import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFiles } from '../../src/sources/files/read-files.ts';
import { ReadCache } from '../../src/sources/files/read-stable.ts';
import { type FileWatchPorts, watchFiles } from '../../src/sources/files/watch-files.ts';

/** So long that no test waits for it: what is seen was seen because of an event. */
export const NEVER = 3_600_000;

/** How long something that does happen may take on a machine under load. */
const PATIENCE = 45_000;

export interface Watching {
  /** The contents that were seen, one text for all files together, each different from the one before. */
  readonly seen: readonly string[];
  /** Resolves when a text is what was seen last; rejects when that does not happen. */
  until(text: string): Promise<void>;
  close(): Promise<void>;
}

/** What is seen of files: their contents, or the error code in angle brackets. */
export async function textOf(paths: readonly string[]): Promise<string> {
  const files = await readFiles(paths);
  return files
    .map(({ read }) =>
      read.kind === 'content'
        ? read.bytes.toString()
        : `<${read.kind === 'unreadable' ? read.code : read.kind}>`,
    )
    .join('|');
}

/** A program that looks whenever it is told to. */
export function startWatching(paths: readonly string[], ports: FileWatchPorts = {}): Watching {
  const seen: string[] = [];
  const waiters = new Set<() => void>();
  let reading = Promise.resolve();
  const look = (): void => {
    reading = reading.then(async () => {
      const text = await textOf(paths);
      if (seen.at(-1) !== text) seen.push(text);
      for (const waiter of waiters) waiter();
    });
  };
  const watch = watchFiles(
    async () => paths,
    new ReadCache(),
    { onChange: look, quietMilliseconds: 250 },
    { ...ports, timing: { safetyRead: NEVER, poll: NEVER, ...ports.timing } },
  );
  return {
    seen,
    until: (text) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiters.delete(check);
          reject(
            new Error(
              `${JSON.stringify(text)} was never seen last, but ${JSON.stringify(seen.slice(-3))}`,
            ),
          );
        }, PATIENCE);
        const check = (): void => {
          if (seen.at(-1) !== text) return;
          clearTimeout(timer);
          waiters.delete(check);
          resolve();
        };
        waiters.add(check);
        check();
      }),
    async close() {
      await watch.close();
      await reading;
    },
  };
}

/** Runs something in a folder of its own, which is gone afterwards. */
export async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ipvstate-watch-'));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
