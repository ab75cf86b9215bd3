import { join } from 'node:path';
import { askDaemon, NoDaemonError } from '../daemon/control/client.ts';
import type { ControlAnswer, ControlRequest } from '../daemon/control/protocol.ts';
import { printable } from '../model/printable.ts';
import { notePendingTry } from '../recovery/session.ts';
import type { State } from '../recovery/state.ts';
import type { CONTROL_OPTIONS } from './declare/option-groups.ts';
import type { ValuesOf } from './declare/options.ts';
import type { Environment } from './environment.ts';

/** Path of the control socket for the daemon of a network namespace. */
export function defaultControlSocket({ folders }: State): string {
  return join(folders.runtime, 'control.sock');
}

/** A daemon answers sooner, unless its table is large, or it hangs. */
const PATIENCE_MILLISECONDS = 10_000;

/** Sends a request to a daemon, and says after a while that it has not answered yet. */
export async function askPatiently(
  path: string,
  request: ControlRequest,
  { output }: Pick<Environment, 'output'>,
  patienceMilliseconds = PATIENCE_MILLISECONDS,
): Promise<ControlAnswer> {
  const timer = setTimeout(() => {
    output.warn(
      `ipvstate: the daemon has not answered yet (${printable(path)}): waiting goes on\n` +
        '    It is busy, or it hangs: see its log. ^C ends the wait, and the daemon may\n' +
        '    still do what it was asked for.\n',
    );
  }, patienceMilliseconds);
  try {
    return await askDaemon(path, request);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Sends a request to the daemon of this network namespace. Throws `UNAVAILABLE` without one, and
 * says that a try is pending: a daemon that starts waits for its end, and answers nobody until
 * then.
 */
export async function control(
  request: ControlRequest,
  { controlSocket }: ValuesOf<typeof CONTROL_OPTIONS>,
  environment: Environment,
): Promise<ControlAnswer> {
  try {
    const path = controlSocket ?? defaultControlSocket(await environment.state());
    return await askPatiently(path, request, environment);
  } catch (error) {
    if (error instanceof NoDaemonError) await notePendingTry(environment);
    throw error;
  }
}

/** Prints the daemon's answer to a request and returns its exit code. */
export function printAnswer(answer: ControlAnswer, { output }: Environment): number {
  if (answer.ok) output.print(answer.message ?? '');
  else {
    // A failure repeats words of others. A line break in them must not begin a line of ours.
    const hint = answer.hint === undefined ? '' : `    ${printable(answer.hint)}\n`;
    output.warn(`ipvstate: ${printable(answer.message)}\n${hint}`);
  }
  return answer.exit_code;
}
