// The script and the styles of the daemon's page, which are built from src/daemon/page.
import { build } from 'esbuild';

/** The module that has them as texts. The program, and the tests, import it. */
export const PAGE_MODULE = 'ipvstate:page';

/** Bundles the page. Returns its script, its styles, and the paths of the bundled files. */
export async function bundlePage(root) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { page: 'src/daemon/page/main.tsx' },
    outdir: 'page',
    bundle: true,
    format: 'iife',
    target: ['chrome111', 'firefox113', 'safari16.2'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
  });
  const textOf = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text;
  return { script: textOf('.js'), style: textOf('.css'), inputs: Object.keys(metafile.inputs) };
}

/** Formats the module. */
export function pageModule({ script, style }) {
  return [
    `export const script = ${JSON.stringify(script)};`,
    `export const style = ${JSON.stringify(style)};`,
    '',
  ].join('\n');
}

/** Gives the module to esbuild. */
export function pageForBuild(page) {
  return {
    name: PAGE_MODULE,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^ipvstate:page$/ }, () => ({ path: PAGE_MODULE, namespace: 'page' }));
      onLoad({ filter: /.*/, namespace: 'page' }, () => ({ contents: pageModule(page) }));
    },
  };
}
