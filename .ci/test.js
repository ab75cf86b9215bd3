#!/usr/bin/env node
// node .ci/test.js [unit] [kernel] [VITEST ARGUMENT]...
//
// Runs the tests, those for a real kernel in User-Mode Linux. Ends with a line for each failed
// test, and one line that counts them all. Arguments after the names of the suites go to Vitest: a
// part of a file name, -t PATTERN. UPDATE=1 rewrites the golden files.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingPrograms } from '../test/kernel/boot/debian.js';
import { closingLine, count, failures } from './count.js';
import { runSideBySide } from './side-by-side.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The time limit of a suite that hangs. Both suites usually take much less. */
const LIMIT_SECONDS = 1800;

/**
 * The kernel tests in three guests side by side, each with about a third of the work: a guest has
 * one processor, and often waits. A guest has the test files whose names begin with its words. The
 * last one has all others.
 */
const PARTS = [
  ['identity', 'kills', 'policy', 'sync', 'top', 'try'],
  ['doctor', 'history', 'maintenance', 'overlay', 'overrides', 'pause', 'random', 'unit', 'watch'],
].map((words) => words.map((word) => `test/kernel/${word}`));
const GUESTS = {
  'kernel-1': PARTS[0],
  'kernel-2': PARTS[1],
  'kernel-3': PARTS.flat().flatMap((name) => ['--exclude', `${name}*`]),
};

/** A kernel in QEMU in place of User-Mode Linux. */
const image = process.env.KERNEL_IMAGE;
const updates = process.env.UPDATE === '1';

function vitest(config, report, args) {
  const filters = args.length > 0 ? ['--passWithNoTests'] : [];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  // The runner loads the configuration without writing a file beside it: the guest's files are
  // read-only.
  const loader = ['--configLoader', 'runner'];
  const options = ['--config', config, ...loader, ...reporters, ...filters, ...args];
  return ['node_modules/vitest/vitest.mjs', 'run', ...options];
}

function kernel(folder, report, args, guests, number) {
  return [
    'test/kernel/boot/run.js',
    ...['--guests', String(guests), '--number', String(number)],
    ...['--limit', String(LIMIT_SECONDS), '--writable', folder],
    ...(updates ? ['--writable', join(root, 'test')] : []),
    ...(image ? ['--image', image] : []),
    ...['--', process.execPath, ...vitest('test/kernel/vitest.config.ts', report, args)],
  ];
}

/** The programs of a suite, each with its name, the report that it writes and its command line. */
const SUITES = {
  unit: (folder, args) => {
    const report = join(folder, 'unit.json');
    return [{ name: 'unit', report, command: vitest('test/vitest.config.ts', report, args) }];
  },
  kernel: (folder, args) => {
    const guests = args.length > 0 ? { kernel: args } : GUESTS;
    const all = Object.entries(guests);
    return all.map(([name, own], number) => {
      const report = join(folder, `${name}.json`);
      return { name, report, command: kernel(folder, report, own, all.length, number) };
    });
  },
};

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

const named = process.argv.slice(2);
const own = named.findIndex((arg) => !(arg in SUITES));
const names = own === -1 ? named : named.slice(0, own);
const args = own === -1 ? [] : named.slice(own);

// ^C also reaches the suite, which then ends. This process stays alive to clean up and to print the
// closing line.
process.on('SIGINT', () => {});

/** The suites that run: those that were named, without the kernel tests when they are left out. */
function chooseSuites() {
  const chosen = names.length > 0 ? names : Object.keys(SUITES);
  const missing = chosen.includes('kernel') ? missingPrograms() : [];
  if (missing.length === 0 || process.env.KERNEL !== 'optional') return chosen;
  const lacking = `${missing.join(', ')} not found, and KERNEL=optional`;
  process.stdout.write(`\nKERNEL TESTS NOT RUN: ${lacking}\n\n`);
  return chosen.filter((name) => name !== 'kernel');
}

/**
 * Runs suites at the same time. Returns the counts of each program, and a line for each of its
 * failures.
 */
async function runSuites(suites, folder) {
  const programs = suites.flatMap((name) => SUITES[name](folder, args));
  const statuses = await runSideBySide(
    programs.map(({ command }) => command),
    { cwd: root, timeoutSeconds: LIMIT_SECONDS + 30 },
  );
  return programs.map(({ name, report }, index) => {
    const result = [readReport(report), statuses[index]];
    return { counts: count(...result), failures: failures(...result, { name, root }) };
  });
}

const folder = mkdtempSync(join(tmpdir(), 'ipvstate-test-'));
try {
  // A guest often waits, and the unit tests then have its processor. Golden files of the unit tests
  // are pages that kernel tests read: they are written first.
  const suites = chooseSuites();
  const turns = updates ? suites.map((name) => [name]) : [suites];
  const results = [];
  for (const turn of turns) results.push(...(await runSuites(turn, folder)));
  const counts = results.map((result) => result.counts);
  const lines = [...results.flatMap((result) => result.failures), closingLine(counts)];
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = counts.every(({ failed }) => failed === 0) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
