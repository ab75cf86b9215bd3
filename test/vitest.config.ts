import { availableParallelism } from 'node:os';
import { defineConfig, type Plugin } from 'vitest/config';

/** The pages of the manual are imported as their text, as in the build. */
const markdownAsText: Plugin = {
  name: 'markdown-as-text',
  transform: (text, path) =>
    path.endsWith('.md') ? `export default ${JSON.stringify(text)};` : undefined,
};

/** Everything that runs on any machine; what needs a kernel with IPVS is in `kernel/`, with its own configuration. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  plugins: [markdownAsText],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/kernel/**'],
    // Vitest would leave one processor free, which is half of a small machine.
    maxWorkers: availableParallelism(),
    // Against a hang; a machine under load may be slow.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    update: process.env.UPDATE === '1' ? 'all' : 'none',
  },
});
