#!/usr/bin/env node
// node .ci/node-versions.js [--smoke] [MAJOR]...
//
// Runs the unit tests, those kernel tests that run the program, the build and the demo under each
// supported version of Node, and the built program under the oldest one of each major version and
// the tested one in turn. --smoke runs only the tests that depend on Node most. npm fetches the
// versions and keeps them in node_modules/.cache.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closingLine } from './count.js';
import { countedRun } from './counted-run.js';
import { fetchNode, NODE_VERSIONS } from './node-releases.js';
import { isNodeSupported } from './prepare.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Kernel tests that load the native addon and run commands. */
const KERNEL = ['kernel', 'kernel/smoke', 'kernel/cli.test'];
/**
 * Unit tests that start the program and the installed package, and those that use sockets and
 * files.
 */
const SMOKE = [
  'package/',
  'cli/process',
  'cli/plan',
  'cli/try.test',
  'daemon/',
  'sources/',
  'recovery/',
];

const EXAMPLE = 'examples/change-servers';

const nodeOf = (version) => join(fetchNode(root, version), 'bin/node');

function runTests(node, args) {
  const path = `${dirname(node)}${delimiter}${process.env.PATH}`;
  return countedRun(args, { node, env: { ...process.env, PATH: path } });
}

const PLAN = ['plan', '-f', `${EXAMPLE}/config.yaml`, '--table', `${EXAMPLE}/live.save`];
const LIBRARY = "const { formatSave } = await import('ipvstate'); console.log(typeof formatSave)";

/**
 * Runs the built program and loads the library under the oldest version. Then runs the program
 * under both versions in turn: neither may fail because of code that Node compiled for the other
 * one and kept. Returns what is wrong.
 */
function runOldest(oldest, tested) {
  const plan = ['dist/cli.cjs', ...PLAN];
  const expectedPlan = readFileSync(join(root, EXAMPLE, 'plan.txt'), 'utf8');
  const inTurn = [oldest, tested, oldest, tested].map((node) => [node, plan, expectedPlan]);
  const checks = [[oldest, ['--input-type=module', '-e', LIBRARY], 'function\n'], ...inTurn];
  return checks.flatMap(([node, args, expected]) => runOne(node, args, expected));
}

/** Returns what is wrong. Any output is right when none is expected. */
function runOne(node, args, expected) {
  const run = spawnSync(node, args, { cwd: root, encoding: 'utf8' });
  if (run.status === 0 && (expected === undefined || run.stdout === expected)) return [];
  const end = run.signal ?? `status ${run.status}`;
  return [`${node} ${args.join(' ')} ended with ${end}\n${run.stdout}${run.stderr}`];
}

/** Builds under that Node and runs the demo of the result. Returns what is wrong. */
function buildAndShow(node) {
  const program = join(root, 'dist/program.cjs');
  const before = readFileSync(program);
  const wrong = [...runOne(node, ['.ci/build.js'], ''), ...runOne(node, ['examples/demo/demo.js'])];
  if (wrong.length === 0 && !readFileSync(program).equals(before))
    wrong.push(`${node} builds another program than the Node that built the last one`);
  return wrong;
}

/** Prints the verdict on some runs, and counts it as one test. */
function judge(subject, wrong, verdict) {
  process.stdout.write(`\n== ${subject} ${wrong.length === 0 ? verdict : wrong.join('\n')}\n`);
  return { passed: wrong.length === 0 ? 1 : 0, failed: wrong.length, skipped: 0 };
}

const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const version of Object.values(NODE_VERSIONS).flatMap(({ tested, oldest }) => [
  tested,
  oldest,
])) {
  if (!isNodeSupported(version, engines.node))
    throw new Error(`${version}: not in ${engines.node}`);
}

const isSmoke = process.argv.includes('--smoke');
const named = process.argv.slice(2).filter((arg) => arg !== '--smoke');
const unknown = named.filter((major) => !(major in NODE_VERSIONS));
if (unknown.length > 0)
  throw new Error(`Node ${unknown.join(', ')}: not among the tested versions`);

const counts = [];
for (const [major, { tested, oldest }] of Object.entries(NODE_VERSIONS)) {
  if (named.length > 0 && !named.includes(major)) continue;
  process.stdout.write(`\n== Node ${tested}\n`);
  const node = nodeOf(tested);
  counts.push(await runTests(node, ['unit', ...(isSmoke ? SMOKE : [])]));
  counts.push(await runTests(node, KERNEL));
  counts.push(
    judge(`Node ${tested}`, buildAndShow(node), 'builds the same program, and runs the demo'),
  );

  const wrong = runOldest(nodeOf(oldest), node);
  const verdict = 'runs the program, in turn with the newer one, and the library';
  counts.push(judge(`Node ${oldest}`, wrong, verdict));
}
process.stdout.write(`${closingLine(counts)}\n`);
process.exitCode = counts.every(({ failed }) => failed === 0) ? 0 : 1;
