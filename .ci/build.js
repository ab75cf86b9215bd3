#!/usr/bin/env node
// node .ci/build.js: bundles src into dist: cli.js and index.js, the chunks they share or load when first needed, the type declarations
// and the licences of what was bundled. What is bundled stays among the `dependencies`, where audits see it: loading it file by file
// would take most of a short command's time.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { thirdPartyLicenses } from './licenses.js';

/** A native addon, and a watcher that only the daemon loads: these are left to npm. */
const LOADED_AT_RUN_TIME = ['netlink', 'chokidar'];

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** Built here and moved when it is whole: a program that runs meanwhile goes on with the old one. */
const stage = join(root, 'node_modules', `.ipvstate-dist-${process.pid}`);
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Bundled CommonJS calls `require` for Node's own modules, through a function of esbuild's that expects it where there is none. */
const requireForCommonJs = `import { createRequire } from 'node:module';const require=createRequire(import.meta.url);\n`;

function finish({ path, text }) {
  const needsRequire = text.includes('__require=') ? requireForCommonJs : '';
  return relative(stage, path) === 'cli.js' ? `#!/usr/bin/env node\n${needsRequire}${text}` : needsRequire + text;
}

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

async function bundle() {
  const result = await build({
    absWorkingDir: root,
    entryPoints: { cli: 'src/cli/bin.ts', index: 'src/index.ts' },
    outdir: stage,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: LOADED_AT_RUN_TIME,
    plugins: [commanderWithoutPrograms],
    define: { IPVSTATE_VERSION: JSON.stringify(manifest.version) },
    // Names stay: a stack trace in a bug report has to mean something.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    write: false,
  });
  for (const file of result.outputFiles) {
    mkdirSync(dirname(file.path), { recursive: true });
    writeFileSync(file.path, finish(file), { mode: relative(stage, file.path) === 'cli.js' ? 0o755 : 0o644 });
  }
  writeFileSync(join(stage, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicenses(root, Object.keys(result.metafile.inputs)));
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
  await bundle();
  rmSync(dist, { recursive: true, force: true });
  renameSync(stage, dist);
} catch (error) {
  // esbuild has printed its own errors. What is left of an older build would pass for this one.
  rmSync(stage, { recursive: true, force: true });
  rmSync(dist, { recursive: true, force: true });
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
}
