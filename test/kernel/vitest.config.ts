import { defineConfig } from 'vitest/config';
import { filesAsText } from '../support/files-as-text.ts';
import { moveToNoon } from '../support/noon.ts';

moveToNoon();

/**
 * The tests on a real kernel. They share its one IPVS table, and so run one after another in one
 * process.
 */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  plugins: [filesAsText],
  cacheDir: '/run/tmp/vite',
  test: {
    include: ['test/kernel/**/*.test.ts'],
    setupFiles: ['test/kernel/setup.ts'],
    pool: 'forks',
    isolate: false,
    fileParallelism: false,
    update: process.env.UPDATE === '1' ? 'all' : 'none',
    // The limit is for a hang. A machine under load may be slow.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
