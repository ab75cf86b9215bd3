// node first-pass.js FILE: runs the daemon until its first pass has ended. $ipvstate starts it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'ipvstate-bench-'));
const [program = '', ...args] = (process.env.ipvstate ?? '').split(' ');
const daemon = spawn(
  program,
  [
    ...[...args, 'watch', '-f', process.argv[2] ?? ''],
    ...['--control-socket', join(folder, 'control.sock')],
  ],
  { stdio: ['ignore', 'ignore', 'pipe'] },
);
const DONE = /in sync: |applied and verified: /;
let text = '';
daemon.stderr.setEncoding('utf8').on('data', (chunk) => {
  text += chunk;
  if (DONE.test(text)) daemon.kill();
});
daemon.on('exit', () => {
  rmSync(folder, { recursive: true });
  if (DONE.test(text)) return;
  process.stderr.write(text);
  process.exitCode = 1;
});
