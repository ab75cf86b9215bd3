import { describe, test } from 'vitest';
import { PATTERNS, type Pattern } from './patterns.ts';
import { inFolder, startWatching } from './watching.ts';

const RUNS = 25;

async function runPattern(pattern: Pattern, run: number): Promise<void> {
  return inFolder(async (folder) => {
    const { paths, first } = await pattern.prepare(folder);
    const watching = startWatching(paths);
    try {
      await watching.until(first);
      const last = await pattern.change(folder, run);
      await watching.until(last);
    } finally {
      await watching.close();
    }
  });
}

describe('events alone lead to a last read of the final content when a file is', () => {
  test.concurrent.each(PATTERNS)(
    '$name',
    async (pattern) => {
      await Promise.all(Array.from({ length: RUNS }, (_, run) => runPattern(pattern, run)));
    },
    120_000,
  );
});
