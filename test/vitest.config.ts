import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { filesAsText } from './support/files-as-text.ts';

// The clocks of most tests stand at a fixed time, whose local time must not depend on the machine.
process.env.TZ = 'UTC';

/**
 * The tests that run on any machine. The tests in `kernel/` need a kernel with IPVS, and have their
 * own configuration.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  plugins: [filesAsText],
  test: {
    // One process of each worker runs many files. It loads what they import once.
    isolate: false,
    include: ['test/**/*.test.ts'],
    exclude: ['test/kernel/**'],
    // One worker more than processors: a test often waits for another process.
    maxWorkers: availableParallelism() + 1,
    // The limit is for a hang. A machine under load may be slow.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    update: process.env.UPDATE === '1' ? 'all' : 'none',
  },
});
