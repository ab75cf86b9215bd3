import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { readFiles } from '../../src/sources/files/read-files.ts';
import { ReadCache } from '../../src/sources/files/read-stable.ts';
import { type FileWatchPorts, watchFiles } from '../../src/sources/files/watch-files.ts';

/** Resolves when the assertions hold, however long that takes on a machine under load. */
export function eventually(assertions: () => void): Promise<void> {
  return vi.waitFor(assertions, { timeout: PATIENCE, interval: 10 });
}

/** Longer than any test: whatever a test sees, it sees because of an event. */
export const NEVER = 3_600_000;

/** The time that an expected change may take on a machine under load. */
const PATIENCE = 45_000;

export interface Watching {
  /** The texts of all files together, each different from the one before. */
  readonly seen: readonly string[];
  /** Resolves when the last seen text is `text`. */
  until(text: string): Promise<void>;
  close(): Promise<void>;
}

/** The contents of files, or their error codes in angle brackets, joined by `|`. */
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

/** Reads files whenever their watch reports a change. */
export function startWatching(paths: readonly string[], ports: FileWatchPorts = {}): Watching {
  const seen: string[] = [];
  const waiters = new Set<() => void>();
  let reading = Promise.resolve();
  const read = (): void => {
    reading = reading.then(async () => {
      const text = await textOf(paths);
      if (seen.at(-1) !== text) seen.push(text);
      for (const waiter of waiters) waiter();
    });
  };
  const watch = watchFiles(
    async () => paths,
    new ReadCache(),
    { onChange: read, quietMilliseconds: 250 },
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

/** Runs a test in a folder of its own, and removes the folder. */
export async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ipvstate-watch-'));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
