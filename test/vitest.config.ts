import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Everything that runs on any machine; what needs a kernel with IPVS is in `kernel/`, with its own configuration. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/kernel/**'],
    // Vitest would leave one processor free, which is half of a small machine.
    maxWorkers: availableParallelism(),
    // For machines under load; no test waits for time to pass.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    update: process.env.UPDATE === '1' ? 'all' : 'none',
  },
});
