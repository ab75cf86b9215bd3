import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vitest/config';
// @ts-expect-error The build is plain JavaScript.
import { bundlePage, PAGE_MODULE, pageModule } from '../../.ci/page.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Imports the pages of the manual, the scripts for shells and the page of the daemon as their text,
 * as the build does.
 */
export const filesAsText: Plugin = {
  name: 'files-as-text',
  // Before Vite's own plugins, which take other files for JavaScript.
  enforce: 'pre',
  resolveId: (name) => (name === PAGE_MODULE ? `\0${PAGE_MODULE}` : undefined),
  load: async (id) => (id === `\0${PAGE_MODULE}` ? pageModule(await bundlePage(root)) : undefined),
  transform: (text, path) =>
    /\.(?:md|bash|zsh|fish)$/.test(path) ? `export default ${JSON.stringify(text)};` : undefined,
};
