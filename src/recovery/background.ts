import { spawn } from 'node:child_process';
import { IpvstateError } from '../errors.ts';

/** A process of this program that goes on when the one that started it ends. */
export interface Background {
  /** Starts a verb, and returns when the new process is ready. Throws `UNAVAILABLE`. */
  start(argv: readonly string[]): Promise<void>;
  /**
   * To be called in the new process. From then on no closed terminal and no ended session ends it.
   */
  ready(): Promise<void>;
}

const READY = 'ready';
const START_MILLISECONDS = 30_000;

export const BACKGROUND: Background = { start, ready };

function start(argv: readonly string[]): Promise<void> {
  const [script = ''] = process.argv.slice(1);
  // `detached` makes a new session, which signals to the terminal's process group do not reach. The
  // IPC channel serves until the process is ready.
  const child = spawn(process.execPath, [...process.execArgv, script, ...argv], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(
        new IpvstateError(
          'UNAVAILABLE',
          `the process that would roll the try back cannot be started (${reason}); nothing was changed`,
        ),
      );
    };
    const timer = setTimeout(
      () => fail(`not ready in ${START_MILLISECONDS / 1000} s`),
      START_MILLISECONDS,
    );
    const failOnExit = (code: number | null, signal: string | null): void =>
      fail(`it ended with ${signal ?? code}`);
    child.once('error', (error) => fail(error.message));
    child.once('exit', failOnExit);
    child.once('message', () => {
      clearTimeout(timer);
      child.off('exit', failOnExit);
      child.disconnect();
      child.unref();
      resolve();
    });
  });
}

async function ready(): Promise<void> {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  process.send?.(READY);
  process.disconnect?.();
}
