import type { Plugin } from 'vitest/config';

/** Imports the pages of the manual and the scripts for shells as their text, as the build does. */
export const filesAsText: Plugin = {
  name: 'files-as-text',
  // Before Vite's own plugins, which take other files for JavaScript.
  enforce: 'pre',
  transform: (text, path) =>
    /\.(?:md|bash|zsh|fish)$/.test(path) ? `export default ${JSON.stringify(text)};` : undefined,
};
