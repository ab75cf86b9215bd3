import { spawn } from 'node:child_process';
import { readFile, stat, statfs } from 'node:fs/promises';
import { constants } from 'node:os';
import { IpvstateError, unreadable } from '../errors.ts';

/** uapi: linux/magic.h NSFS_MAGIC, the file system that namespaces are files of. */
const NSFS_MAGIC = 0x6e736673;

/** uapi: linux/capability.h CAP_SYS_ADMIN, the bit that entering a namespace needs. */
const CAP_SYS_ADMIN = 21n;

/**
 * A process has one network namespace and Node cannot change it, so the whole command runs again inside, under util-linux' `nsenter`.
 * Returns its exit status, or undefined when this process is inside already. Throws `NO_INPUT`, `PERMISSION` or `UNAVAILABLE`.
 */
export async function runInNetns(netns: string): Promise<number | undefined> {
  const path = netns.includes('/') ? netns : `/run/netns/${netns}`;
  if (await isOurs(netns, path)) return undefined;
  await requireCapability();
  const [script = ''] = process.argv.slice(1);
  const command = [
    `--net=${path}`,
    '--',
    process.execPath,
    ...process.execArgv,
    script,
    ...process.argv.slice(2),
  ];
  const child = spawn('nsenter', command, { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', (error) =>
        reject(
          new IpvstateError('UNAVAILABLE', `nsenter cannot be started: ${error.message}`, {
            hint: 'It is in the package util-linux.',
          }),
        ),
      );
      child.on('exit', (code, signal) =>
        resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']),
      );
    });
  } finally {
    process.off('SIGINT', forward).off('SIGTERM', forward);
  }
}

/** Whether the namespace is the one that this process is in. */
async function isOurs(netns: string, path: string): Promise<boolean> {
  const hint = '`ip netns list` shows the names of network namespaces.';
  const wanted = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') unreadable(path, error);
    throw new IpvstateError(
      'NO_INPUT',
      `there is no network namespace ${netns} (${path} does not exist)`,
      { hint },
    );
  });
  if ((await statfs(path)).type !== NSFS_MAGIC)
    throw new IpvstateError('NO_INPUT', `${path} is no network namespace`, { hint });
  const own = await stat('/proc/self/ns/net');
  return own.dev === wanted.dev && own.ino === wanted.ino;
}

async function requireCapability(): Promise<void> {
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  if ((effective >> CAP_SYS_ADMIN) & 1n) return;
  throw new IpvstateError('PERMISSION', 'entering a network namespace needs CAP_SYS_ADMIN', {
    hint: 'Run as root.',
  });
}
