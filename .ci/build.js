#!/usr/bin/env node
// node .ci/build.js: bundles src into dist: the program (cli.cjs, and what it loads from program/ when it is first needed), the library
// (index.js and chunks/), the type declarations, and the licences of what was bundled. What is bundled stays among the `dependencies`,
// where audits see it: loading it file by file would take most of a short command's time.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { thirdPartyLicenses } from './licenses.js';

/** A native addon, and a watcher that only the daemon loads: these are left to npm. */
const LOADED_AT_RUN_TIME = ['netlink', 'chokidar'];

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** Built here and moved when it is whole: a program that runs meanwhile goes on with the old one. */
const stage = join(root, 'node_modules', `.ipvstate-dist-${process.pid}`);
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Commander can run verbs that are programs of their own. There are none here, and loading what starts them takes a tenth of a `plan`. */
const commanderWithoutPrograms = {
  name: 'commander-without-programs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]node_modules[\\/]commander[\\/]/.test(importer) ? { path: 'nothing', namespace: 'nothing' } : undefined,
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
  // Its ECMAScript modules: what CommonJS modules take from each other is looked up at each call, and reading YAML takes a quarter longer.
  alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
  // Names stay: a stack trace in a bug report has to mean something.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  write: false,
};

/** Bundles entry points; returns the files, and the inputs they were made of. */
async function bundle(options) {
  const { outputFiles, metafile } = await build({ ...SHARED, ...options });
  return { files: outputFiles, inputs: Object.keys(metafile.inputs) };
}

/** The library: ECMAScript modules. */
function bundleLibrary() {
  return bundle({
    entryPoints: { index: 'src/index.ts' },
    outdir: stage,
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    format: 'esm',
    // Bundled CommonJS calls `require` for Node's own modules, through a function of esbuild's that expects it where there is none.
    banner: { js: "import { createRequire } from 'node:module';const require=createRequire(import.meta.url);" },
  });
}

/** The program: modules that src/launch loads. esbuild splits only ECMAScript modules, so each is turned into CommonJS afterwards. */
async function bundleProgram() {
  const { files, inputs } = await bundle({
    entryPoints: { program: 'src/cli/bin.ts' },
    outdir: join(stage, 'program'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    outExtension: { '.js': '.cjs' },
    splitting: true,
    format: 'esm',
    define: { IPVSTATE_VERSION: JSON.stringify(manifest.version) },
  });
  const modules = await Promise.all(
    files.map(async ({ path, text }) => {
      const options = { format: 'cjs', platform: 'node', target: SHARED.target, supported: { 'dynamic-import': false } };
      const { code } = await transform(text, { ...options, minifyWhitespace: true });
      return { path, text: `(function(exports,require,module){${code}})` };
    }),
  );
  return { files: modules, inputs };
}

/** What starts the program. */
function bundleLauncher(program) {
  return bundle({
    entryPoints: { cli: 'src/launch/launch.ts' },
    outdir: stage,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    define: { IPVSTATE_PROGRAM: JSON.stringify(program) },
  });
}

async function bundleAll() {
  const program = await bundleProgram();
  const entry = basename(program.files.find(({ path }) => basename(path).startsWith('program-')).path);
  const bundles = [await bundleLibrary(), program, await bundleLauncher(entry)];
  for (const { path, text } of bundles.flatMap(({ files }) => files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: path === join(stage, 'cli.cjs') ? 0o755 : 0o644 });
  }
  const inputs = new Set(bundles.flatMap((each) => each.inputs));
  writeFileSync(join(stage, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicenses(root, [...inputs]));
}

/** Its first run compiles the program for this version of Node. */
function compileProgram() {
  const { status } = spawnSync(process.execPath, [join(dist, 'cli.cjs'), '--version'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('the program does not run');
}

function declareTypes() {
  const { status } = spawnSync('node_modules/.bin/tsc', ['-p', '.ci/tsconfig.types.json', '--outDir', join(stage, 'types')], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('tsc found no valid declarations for src/index.ts');
}

try {
  declareTypes();
  await bundleAll();
  rmSync(dist, { recursive: true, force: true });
  renameSync(stage, dist);
  compileProgram();
} catch (error) {
  // esbuild has printed its own errors. What is left of an older build would pass for this one.
  rmSync(stage, { recursive: true, force: true });
  rmSync(dist, { recursive: true, force: true });
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
}
