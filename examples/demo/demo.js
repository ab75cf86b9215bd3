#!/usr/bin/env node
// Shows the main job in a few commands, on a table in a file. That needs neither root nor a kernel
// module. With `--kernel` it works on the table of this kernel, and shows it with `ipvsadm`. It
// then empties the table first: use it only in a guest, as `npm run demo:kernel` does.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const onKernel = process.argv.includes('--kernel');
const cli = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ipvstate-demo-'));
const config = join(folder, 'shop.yaml');
const color = process.stdout.isTTY && !process.env.NO_COLOR;

const say = (text) => process.stdout.write(`\n${color ? `\x1b[1m${text}\x1b[0m` : text}\n\n`);
const show = (command) => process.stdout.write(`$ ${command}\n`);

/** Prints a command and runs it. Throws for another exit code than the expected one. */
function run(program, args, expected = 0) {
  show([program, ...args].join(' '));
  const [file, ...rest] =
    program === 'ipvstate'
      ? [process.execPath, cli, ...args, ...(color ? ['--color', 'always'] : [])]
      : [program, ...args];
  const { status, stdout, stderr } = spawnSync(file, rest, { cwd: folder, encoding: 'utf8' });
  process.stdout.write(`${stdout}${stderr}`);
  if (status !== expected)
    throw new Error(`${program} ${args.join(' ')}: exit status ${status}, expected ${expected}`);
}

const table = onKernel ? [] : ['--table', 'live.save'];
const ipvstate = (verb, ...args) =>
  run('ipvstate', [verb, '-f', 'shop.yaml', ...table, ...args.slice(1)], args[0]);
const listing = () => (onKernel ? run('ipvsadm', ['-Ln']) : run('cat', ['live.save']));

try {
  copyFileSync(new URL('shop.yaml', import.meta.url), config);
  if (onKernel) spawnSync('ipvsadm', ['-C']);
  else writeFileSync(join(folder, 'live.save'), '');

  say('1. What you want, in a file:');
  run('cat', ['shop.yaml']);

  say(
    `2. What it takes to get there from ${onKernel ? "the kernel's table" : 'the (empty) table in live.save'}. Nothing is written yet:`,
  );
  ipvstate('plan');

  say('3. Do it. The table is read back and compared afterwards:');
  ipvstate('apply');
  listing();

  say('4. Do it again: there is nothing left to do.');
  ipvstate('plan');

  say('5. The file changes: a new server, more weight for an old one, the scheduler:');
  const edited = readFileSync(config, 'utf8')
    .replace('scheduler: wlc', 'scheduler: mh')
    .replace('[10.1.0.11, 10.1.0.12]', '[{ address: 10.1.0.11, weight: 5 }, 10.1.0.13]');
  writeFileSync(config, edited);
  ipvstate('plan');
  ipvstate('apply');
  listing();

  say(
    '6. A template went wrong, and the file has lost its services. That is refused (exit status 3), and nothing is written:',
  );
  writeFileSync(config, `${edited.slice(0, edited.indexOf('services:'))}services: []\n`);
  ipvstate('apply', 3);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
