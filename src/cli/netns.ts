import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { IpvstateError } from '../errors.ts';

/** Set in the process inside, so that it does not enter once more. */
const ENTERED = 'IPVSTATE_NETNS_ENTERED';

/**
 * A process has one network namespace and Node cannot change it, so the whole command runs again inside, under util-linux' `nsenter`.
 * Returns its exit status, or undefined when this is the process inside already.
 */
export async function runInNetns(netns: string, env: NodeJS.ProcessEnv): Promise<number | undefined> {
  if (env[ENTERED] === netns) return undefined;
  const path = netns.includes('/') ? netns : `/run/netns/${netns}`;
  await stat(path).catch(() => {
    throw new IpvstateError('NO_INPUT', `there is no network namespace ${netns} (${path} does not exist)`, {
      hint: '`ip netns list` shows their names.',
    });
  });
  const [script = ''] = process.argv.slice(1);
  const command = [`--net=${path}`, '--', process.execPath, ...process.execArgv, script, ...process.argv.slice(2)];
  const child = spawn('nsenter', command, { stdio: 'inherit', env: { ...env, [ENTERED]: netns } });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', (error) =>
        reject(
          new IpvstateError('UNAVAILABLE', `nsenter cannot be started: ${error.message}`, { hint: 'It is in the package util-linux.' }),
        ),
      );
      child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    });
  } finally {
    process.off('SIGINT', forward).off('SIGTERM', forward);
  }
}
