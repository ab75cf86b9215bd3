import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { Captured } from '../support/run-cli.ts';

const { runSideBySide } = await import(new URL('../../.ci/side-by-side.js', import.meta.url).href);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-side-'));
  return () => rmSync(folder, { recursive: true });
});

const run = async (...scripts: readonly string[]) => {
  const out = new Captured();
  const programs = scripts.map((script) => ['-e', `const fs = require('node:fs'); ${script}`]);
  const statuses = await runSideBySide(programs, { cwd: folder, timeoutSeconds: 120, out });
  return { statuses, output: out.text };
};

/** A script that continues when the other program has written the file `name`. */
const after = (name: string, script: string): string =>
  `const timer = setInterval(() => {
    if (!fs.existsSync('${name}')) return;
    clearInterval(timer);
    ${script}
  }, 10);`;

test('programs run at the same time, and their output does not mix', async () => {
  const first = `console.log('first begins'); ${after('second', "console.log('first ends'); fs.writeFileSync('first', '')")}`;
  const second = `console.log('second begins'); fs.writeFileSync('second', ''); ${after('first', "console.error('second ends')")}`;
  expect(await run(first, second)).toEqual({
    statuses: [0, 0],
    output: 'first begins\nfirst ends\nsecond begins\nsecond ends\n',
  });
});

test('each exit code is returned, and null for a program that a signal ended', async () => {
  const { statuses } = await run(
    'process.exitCode = 3',
    "process.kill(process.pid, 'SIGKILL')",
    '',
  );
  expect(statuses).toEqual([3, null, 0]);
});

test('a program that does not end is ended at the time limit', async () => {
  const programs = [['-e', 'setInterval(() => {}, 1000)']];
  const out = new Captured();
  expect(await runSideBySide(programs, { cwd: folder, timeoutSeconds: 1, out })).toEqual([null]);
});

test('SIGTERM ends the programs, and the run goes on to its end', async () => {
  const file = new URL('../../.ci/side-by-side.js', import.meta.url).href;
  const script = `import { runSideBySide } from '${file}';
    const program = ['-e', "console.log('ready'); setInterval(() => {}, 1000)"];
    console.log(await runSideBySide([program, program], { cwd: '.', timeoutSeconds: 60 }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    if (output === '') child.kill('SIGTERM');
    output += text;
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(output.endsWith('[ null, null ]\n')).toBe(true);
});
