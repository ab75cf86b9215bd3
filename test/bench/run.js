#!/usr/bin/env node
// npm run bench -- [--runs N] [--slow-runs N] [--size SERVICESxDESTINATIONS] [--plot SVG]
//   [CASE]...
//
// Measures ipvstate side by side with what it is compared to, and prints a table: medians, their
// ratio, and the goal. What needs a kernel runs in User-Mode Linux, each run in a fresh network
// namespace. Ratios tell; the times are those of this machine, now. --slow-runs is for the side
// that takes up to minutes, `ipvsadm -R`; 0 leaves it out. --plot runs the cases that compare a
// size with ten times the size, and draws their curves. The case `watch`, which comes last, is the
// daemon: test/bench/watch.js.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { fetchNode, PACKAGED_NODE } from '../../.ci/node-releases.js';
import { alternate } from './alternate.js';
import { CASES } from './cases.js';
import { changedSaveText, jsonText, saveText, yamlText } from './inputs.js';
import { plotGrowth } from './plot.js';
import { formatHeading, formatRow } from './table.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');

const LIMIT_SECONDS = 7200;

/** The case that another script measures, because it has times, a share of a core and memory. */
const DAEMON = 'watch';

function choose(names, size) {
  const known = [...CASES.map(({ name }) => name), DAEMON];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown) throw new Error(`no case ${unknown}; there are: ${known.join(', ')}`);
  return CASES.filter(({ name }) => names.length === 0 || names.includes(name)).flatMap((each) =>
    (size ? [size.split('x').map(Number)] : each.sizes).map(([services, destinations]) => ({
      ...each,
      services,
      destinations,
    })),
  );
}

function compile(folder) {
  for (const name of ['floor', 'measure']) {
    const { status } = spawnSync(
      'gcc',
      ['-O2', '-Wall', '-o', join(folder, name), join(here, `${name}.c`)],
      { stdio: 'inherit' },
    );
    if (status !== 0) throw new Error(`${name}.c: not compiled`);
  }
}

/** The form that the program has: modules of ECMAScript are slower while they are cold. */
function bundle(folder) {
  buildSync({
    entryPoints: [join(here, 'programs/execute.js')],
    outfile: join(folder, 'execute.cjs'),
    ...{
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      external: ['netlink'],
      logLevel: 'error',
    },
    // The addon is found where this project has it.
    banner: {
      js: `require = require('node:module').createRequire(${JSON.stringify(join(root, 'package.json'))});`,
    },
    supported: { 'dynamic-import': false },
  });
}

/** The sizes of a case: its own, and ten times as many services for those that compare them. */
function sizesOf({ services, destinations, ours }) {
  return ours.includes('$tenfold')
    ? [services, 10 * services].map((count) => [count, destinations])
    : [[services, destinations]];
}

function writeInputs(folder, cases) {
  for (const [services, destinations] of cases.flatMap(sizesOf)) {
    const input = join(folder, `${services}x${destinations}`);
    if (existsSync(input)) continue;
    mkdirSync(input);
    writeFileSync(join(input, 'rules.save'), saveText(services, destinations));
    writeFileSync(join(input, 'changed.save'), changedSaveText(services, destinations));
    writeFileSync(join(input, 'rules.json'), jsonText(services, destinations));
    writeFileSync(join(input, 'rules.yaml'), yamlText(services, destinations));
  }
}

/** Runs cases, and prints a row for each. Returns what was measured. */
function measure(cases, folder, options) {
  return cases.map((each) => {
    const { services, destinations } = each;
    const env = {
      ...process.env,
      NO_COLOR: '1',
      program: join(root, 'dist/cli.cjs'),
      ipvstate: `node ${join(root, 'dist/cli.cjs')}`,
      node: options.node,
      floor: join(folder, 'floor'),
      programs: join(here, 'programs'),
      execute: join(folder, 'execute.cjs'),
      input: join(folder, `${services}x${destinations}`),
      tenfold: join(folder, `${10 * services}x${destinations}`),
      services,
      destinations,
    };
    const surroundings = { measure: join(folder, 'measure'), env };
    const result = alternate(each, options, surroundings);
    process.stdout.write(`${formatRow(each, result)}\n`);
    return { name: each.name, services, destinations, ...result };
  });
}

/** This script again, inside the kernel, for the cases that need one. Returns what was measured. */
function boot(cases, folder, options) {
  const job = join(folder, 'job.json');
  const results = join(folder, 'results.json');
  writeFileSync(results, '[]');
  writeFileSync(
    job,
    JSON.stringify({
      folder,
      options,
      cases: cases.map(({ name, services, destinations }) => ({ name, services, destinations })),
    }),
  );
  const command = [process.execPath, fileURLToPath(import.meta.url), '--inside', job];
  const limits = ['--limit', String(LIMIT_SECONDS), '--writable', folder];
  const harness = ['test/kernel/boot/run.js', ...limits, '--', ...command];
  const { status } = spawnSync(process.execPath, harness, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exitCode = 1;
  return JSON.parse(readFileSync(results, 'utf8'));
}

/** Everything that is read while the clock runs is in memory. */
function inside(job) {
  const { folder, options, cases } = JSON.parse(readFileSync(job, 'utf8'));
  const memory = mkdtempSync(join(tmpdir(), 'bench-'));
  spawnSync('modprobe', ['ip_vs_wlc']);
  spawnSync('cp', ['-r', `${folder}/.`, memory]);
  const whole = cases.map((chosen) => ({
    ...CASES.find(({ name }) => name === chosen.name),
    ...chosen,
  }));
  const results = measure(whole, memory, options);
  writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
}

function measureDaemon(size = '1000x100') {
  const script = join(here, 'watch.js');
  const { status } = spawnSync(process.execPath, [script, '--sizes', size], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

/** The Node of the packages, which npm fetches, for the cases that need it. */
function packagedNode(cases) {
  const isNeeded = cases.some(({ ours }) => ours.startsWith('$node '));
  return isNeeded ? join(fetchNode(root, PACKAGED_NODE), 'bin/node') : '';
}

function main({ runs, 'slow-runs': slowRuns, size, plot, inside: job }, names) {
  if (job) return inside(job);
  const chosen = choose(names, size);
  const cases = plot ? chosen.filter(({ ours }) => ours.includes('$tenfold')) : chosen;
  const options = { runs: Number(runs), slowRuns: Number(slowRuns), node: packagedNode(cases) };
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-bench-'));
  try {
    compile(folder);
    bundle(folder);
    writeInputs(folder, cases);
    process.stdout.write(`${formatHeading(loadavg())}\n`);
    const [inKernel, onHost] = [
      cases.filter(({ kernel }) => kernel),
      cases.filter(({ kernel }) => !kernel),
    ];
    const results = [
      ...(inKernel.length > 0 ? boot(inKernel, folder, options) : []),
      ...measure(onHost, folder, options),
    ];
    if (plot) writeFileSync(plot, plotGrowth(results));
    else if (names.length === 0 || names.includes(DAEMON)) measureDaemon(size);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    'slow-runs': { type: 'string', default: '1' },
    size: { type: 'string' },
    plot: { type: 'string' },
    inside: { type: 'string' },
  },
  allowPositionals: true,
});
main(values, positionals);
