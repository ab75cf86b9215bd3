import { spawn } from 'node:child_process';

/**
 * Runs Node programs at the same time and resolves with their exit codes, null for one that a
 * signal ended. Their output does not mix: the first one's appears at once, and each other one's
 * when the programs before it have ended.
 */
export async function runSideBySide(programs, { cwd, timeoutSeconds, out = process.stdout }) {
  const running = programs.map((args) => start(args, { cwd, timeoutSeconds, out }));
  const stop = () => {
    for (const { child } of running) child.kill('SIGTERM');
  };
  process.on('SIGTERM', stop);
  const statuses = [];
  for (const program of running) {
    program.show();
    statuses.push(await program.ended);
  }
  process.off('SIGTERM', stop);
  return statuses;
}

function start(args, { cwd, timeoutSeconds, out }) {
  const color = out.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {};
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...color, ...process.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutSeconds * 1000,
  });
  const held = [];
  let write = (chunk) => held.push(chunk);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => write(chunk));
  return {
    child,
    ended: new Promise((resolve, reject) => child.on('error', reject).on('close', resolve)),
    show: () => {
      write = (chunk) => out.write(chunk);
      for (const chunk of held) write(chunk);
    },
  };
}
