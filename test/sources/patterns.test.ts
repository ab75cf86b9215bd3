import { describe, test } from 'vitest';
import { PATTERNS, type Pattern } from './patterns.ts';
import { inFolder, startWatching } from './watching.ts';

const RUNS = 25;

/** Reads without an event, in milliseconds: of watches that were not ready in time, and of all. */
const UNSURE = { poll: 500 };
const SAFE = { ...UNSURE, safetyRead: 500 };

async function runPattern(pattern: Pattern, run: number): Promise<void> {
  return inFolder(async (folder) => {
    const { paths, first } = await pattern.prepare(folder);
    const timing = pattern.needsSafetyRead ? SAFE : UNSURE;
    const watching = startWatching(paths, { timing });
    try {
      await watching.until(first);
      const last = await pattern.change(folder, run);
      await watching.until(last);
    } finally {
      await watching.close();
    }
  });
}

describe('the final content is read last when a file is', () => {
  test.concurrent.each(PATTERNS)(
    '$name',
    async (pattern) => {
      await Promise.all(Array.from({ length: RUNS }, (_, run) => runPattern(pattern, run)));
    },
    120_000,
  );
});
