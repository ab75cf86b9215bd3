#!/usr/bin/env node
// node .ci/build.js: bundles src into dist: the program (cli.cjs starts program.cjs), the library
// (index.js), the type declarations, and the licences of the bundled packages. Loading packages
// file by file would take most of a short command's time, so all but the native addon are bundled.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { thirdPartyLicenses } from './licenses.js';
import { manPages } from './man-pages.js';
import { bundlePage, pageForBuild } from './page.js';
import { bundleProgram } from './program.js';

/** The native addon. npm installs it; all other packages are bundled and are devDependencies. */
const LOADED_AT_RUN_TIME = ['netlink'];

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/**
 * The build is written here, and moved to `dist` when it is complete. A program that runs meanwhile
 * keeps the old one.
 */
const stage = join(root, 'node_modules', `.ipvstate-dist-${process.pid}`);
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * Replaces `node:child_process` in Commander, which can run verbs as separate programs. ipvstate
 * has no such verbs, and loading the module takes a tenth of the time of a `plan`.
 */
const commanderWithoutPrograms = {
  name: 'commander-without-programs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]node_modules[\\/]commander[\\/]/.test(importer)
        ? { path: 'nothing', namespace: 'nothing' }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {};' }));
  },
};

const SHARED = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  external: LOADED_AT_RUN_TIME,
  plugins: [commanderWithoutPrograms],
  // The ECMAScript modules of `yaml`. CommonJS modules look up their imports at each call, which
  // makes reading YAML a quarter slower.
  alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
  // Names are kept, so that the stack trace in a bug report can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  // The pages of the manual and the scripts for shells are imported as their text.
  loader: { '.md': 'text', '.bash': 'text', '.zsh': 'text', '.fish': 'text' },
  metafile: true,
  write: false,
};

/** Bundles one entry point. Returns the output files and the paths of the bundled files. */
async function bundle(options) {
  const { outputFiles, metafile } = await build({ ...SHARED, outdir: stage, ...options });
  return { files: outputFiles, inputs: Object.keys(metafile.inputs) };
}

const library = () =>
  bundle({
    entryPoints: { index: 'src/index.ts' },
    format: 'esm',
    // Bundled CommonJS packages call `require` for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module';const require=createRequire(import.meta.url);",
    },
  });

const COMMON_JS = { format: 'cjs', outExtension: { '.js': '.cjs' } };

/** CommonJS files: Node 20 loads one in four fifths of the time that ECMAScript chunks take. */
const program = (page) =>
  bundleProgram({
    ...SHARED,
    ...COMMON_JS,
    outdir: stage,
    plugins: [...SHARED.plugins, pageForBuild(page)],
    define: { IPVSTATE_VERSION: JSON.stringify(manifest.version) },
  });

const starter = () =>
  bundle({
    ...COMMON_JS,
    entryPoints: { cli: 'src/cli/start.ts' },
    external: ['./program.cjs'],
    banner: { js: '#!/usr/bin/env node' },
  });

async function bundleAll() {
  const page = await bundlePage(root);
  const bundles = [await library(), await program(page), await starter()];
  mkdirSync(stage, { recursive: true });
  for (const { path, contents } of bundles.flatMap(({ files }) => files)) {
    writeFileSync(path, contents, { mode: path === join(stage, 'cli.cjs') ? 0o755 : 0o644 });
  }
  const inputs = new Set([...bundles, page].flatMap((each) => each.inputs));
  writeFileSync(join(stage, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicenses(root, [...inputs]));
}

function writeManPages() {
  const { english, translated } = manPages(root);
  for (const [path, text] of [...english, ...translated]) {
    mkdirSync(join(stage, 'man', dirname(path)), { recursive: true });
    writeFileSync(join(stage, 'man', path), text);
  }
}

function declareTypes() {
  const { status } = spawnSync(
    'node_modules/.bin/tsc',
    ['-p', '.ci/tsconfig.types.json', '--outDir', join(stage, 'types')],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (status !== 0) throw new Error('tsc found no valid declarations for src/index.ts');
}

try {
  declareTypes();
  await bundleAll();
  writeManPages();
  rmSync(dist, { recursive: true, force: true });
  renameSync(stage, dist);
} catch (error) {
  // esbuild has printed its own errors. Files of an older build would be taken for this one.
  rmSync(stage, { recursive: true, force: true });
  rmSync(dist, { recursive: true, force: true });
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
}
