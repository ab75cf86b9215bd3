import { defineConfig } from 'vitest/config';

/** Tests on a real kernel. They share it and its one IPVS table, so they take turns, in one process that is started once. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  cacheDir: '/run/tmp/vite',
  test: {
    include: ['test/kernel/**/*.test.ts'],
    setupFiles: ['test/kernel/setup.ts'],
    pool: 'forks',
    isolate: false,
    fileParallelism: false,
    update: process.env.UPDATE === '1' ? 'all' : 'none',
    // Against a hang; a machine under load may be slow.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
