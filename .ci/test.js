#!/usr/bin/env node
// node .ci/test.js [unit] [kernel] [VITEST ARGUMENT]...
//
// Runs the tests, those for a real kernel in User-Mode Linux, and ends with one line that counts them all. Arguments after the names of
// the suites go to Vitest: a part of a file name, -t PATTERN. UPDATE=1 rewrites the golden files.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingPrograms } from '../test/kernel/boot/debian.js';
import { closingLine, count } from './count.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A suite's time limit. Both together stay far below it; it is there for a hang. */
const LIMIT_SECONDS = 1800;

const updates = process.env.UPDATE === '1';

function vitest(config, report, args) {
  const filters = args.length > 0 ? ['--passWithNoTests'] : [];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  // The runner loads the configuration without writing a file beside it: the guest's files are read-only.
  return ['node_modules/vitest/vitest.mjs', 'run', '--config', config, '--configLoader', 'runner', ...reporters, ...filters, ...args];
}

const suites = {
  unit: (_folder, report, args) => vitest('test/vitest.config.ts', report, args),
  kernel: (folder, report, args) => [
    'test/kernel/boot/run.js',
    ...['--limit', String(LIMIT_SECONDS), '--writable', folder],
    ...(updates ? ['--writable', join(root, 'test')] : []),
    ...['--', process.execPath, ...vitest('test/kernel/vitest.config.ts', report, args)],
  ],
};

function runSuite(name, folder, args) {
  const report = join(folder, `${name}.json`);
  const { status } = spawnSync(process.execPath, suites[name](folder, report, args), {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: (LIMIT_SECONDS + 30) * 1000,
  });
  try {
    return count(JSON.parse(readFileSync(report, 'utf8')), status);
  } catch {
    return count(null, status);
  }
}

const named = process.argv.slice(2);
const own = named.findIndex((arg) => !(arg in suites));
const names = own === -1 ? named : named.slice(0, own);
const args = own === -1 ? [] : named.slice(own);

// ^C reaches the suite as well, which ends; staying alive is for clearing up and for the closing line.
process.on('SIGINT', () => {});

const folder = mkdtempSync(join(tmpdir(), 'ipvstate-test-'));
try {
  const counts = [];
  for (const name of names.length > 0 ? names : Object.keys(suites)) {
    if (name === 'kernel' && missingPrograms().length > 0 && process.env.KERNEL === 'optional') {
      process.stdout.write(`\nKERNEL TESTS NOT RUN: ${missingPrograms().join(', ')} not found, and KERNEL=optional\n\n`);
      continue;
    }
    counts.push(runSuite(name, folder, args));
  }
  process.stdout.write(`${closingLine(counts)}\n`);
  process.exitCode = counts.every(({ failed }) => failed === 0) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
