#!/usr/bin/env node
// node .ci/demo.js [kernel]: shows a file being planned and applied, on a saved table, or with `kernel` on the table of the kernel it runs
// on, seen with ipvsadm before and after. Works on a copy of an example, and fails when a command does.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = join(root, 'dist/cli.js');

const onSavedTable = [
  { command: ['ipvstate', 'validate', '-f', 'config.yaml'] },
  { command: ['ipvstate', 'plan', '-f', 'config.yaml', '--table', 'live.save'] },
  { command: ['ipvstate', 'apply', '-f', 'config.yaml', '--table', 'live.save', '--yes'] },
  { command: ['ipvstate', 'plan', '-f', 'config.yaml', '--table', 'live.save'] },
];

const onKernel = [
  { command: ['ipvsadm', '-R'], input: 'live.save' },
  { command: ['ipvsadm', '-L', '-n'] },
  { command: ['ipvstate', 'plan', '-f', 'config.yaml'] },
  { command: ['ipvstate', 'apply', '-f', 'config.yaml', '--yes'] },
  { command: ['ipvsadm', '-L', '-n'] },
  { command: ['ipvstate', 'check', '-f', 'config.yaml'] },
];

/** The first example that has a table to begin with. */
function findExample() {
  const examples = join(root, 'examples');
  const name = readdirSync(examples)
    .sort()
    .find((folder) => ['config.yaml', 'live.save'].every((file) => existsSync(join(examples, folder, file))));
  if (name === undefined) throw new Error('no example has both config.yaml and live.save');
  return join(examples, name);
}

function show(folder, { command: [program, ...args], input }) {
  process.stdout.write(`\n$ ${[program, ...args].join(' ')}${input === undefined ? '' : ` < ${input}`}\n`);
  const [file, before] = program === 'ipvstate' ? [process.execPath, [cli]] : [program, []];
  const stdin = input === undefined ? 'ignore' : openSync(join(folder, input), 'r');
  const { status, error } = spawnSync(file, [...before, ...args], { cwd: folder, stdio: [stdin, 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `status ${status}`}`);
}

const steps = process.argv[2] === 'kernel' ? onKernel : onSavedTable;
const folder = mkdtempSync(join(tmpdir(), 'ipvstate-demo-'));
try {
  cpSync(findExample(), folder, { recursive: true });
  for (const step of steps) show(folder, step);
} catch (error) {
  process.stderr.write(`demo: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
