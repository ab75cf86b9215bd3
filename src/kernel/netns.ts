import { type ChildProcess, spawn } from 'node:child_process';
import type { Stats } from 'node:fs';
import { readFile, stat, statfs } from 'node:fs/promises';
import { constants } from 'node:os';
import { IpvstateError, isAbsent, unreadable } from '../errors.ts';

/** uapi: linux/magic.h NSFS_MAGIC, the type of the file system that has the files of namespaces. */
const NSFS_MAGIC = 0x6e736673;

/** uapi: linux/capability.h CAP_SYS_ADMIN, the bit that entering a namespace needs. */
const CAP_SYS_ADMIN = 21n;

/** Signals that a supervisor, a terminal or an operator sends to the command. */
const FORWARDED = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
] as const;

/**
 * Runs the whole command again inside a network namespace, because Node cannot change the namespace
 * of its process. Returns the exit status of that child, or undefined when this process is inside
 * already. The child is as good as this process: it gets each signal once, it is stopped and
 * continued with it, and the kernel kills it when this process is killed. Throws `NO_INPUT`,
 * `PERMISSION` or `UNAVAILABLE`.
 */
export async function runInNetns(netns: string): Promise<number | undefined> {
  const path = pathOf(netns);
  if (await isInside(netns, path)) return undefined;
  await requireCapability();
  const [script = ''] = process.argv.slice(1);
  const command = [process.execPath, ...process.execArgv, script, ...process.argv.slice(2)];
  const inside = [`--net=${path}`, '--', 'setpriv', '--pdeathsig', 'KILL', '--', ...command];
  // A process group of its own: a signal to the group of this process reaches the child only once,
  // through this process.
  const child = spawn('nsenter', inside, { stdio: 'inherit', detached: true });
  const release = forwardSignals(child);
  const { code, signal } = await ended(child);
  // A signal from now on is late, and this process still ends as the child ended.
  if (signal === null) return code;
  release();
  process.kill(process.pid, signal);
  return 128 + constants.signals[signal];
}

function pathOf(netns: string): string {
  return netns.includes('/') ? netns : `/run/netns/${netns}`;
}

/** Passes signals to the child, if it still runs, until the returned function is called. */
function forwardSignals(child: ChildProcess): () => void {
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  const suspend = (): void => {
    child.kill('SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  };
  const resume = (): void => void child.kill('SIGCONT');
  for (const signal of FORWARDED) process.on(signal, forward);
  process.on('SIGTSTP', suspend).on('SIGCONT', resume);
  return () => {
    for (const signal of FORWARDED) process.off(signal, forward);
    process.off('SIGTSTP', suspend).off('SIGCONT', resume);
  };
}

function ended(
  child: ChildProcess,
): Promise<{ readonly code: number; readonly signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', (error) =>
      reject(
        new IpvstateError('UNAVAILABLE', `nsenter cannot be started: ${error.message}`, {
          hint: 'It is in the package util-linux.',
        }),
      ),
    );
    child.on('exit', (code, signal) => resolve({ code: code ?? 0, signal }));
  });
}

/**
 * Tells whether the name still stands for the namespace of this process. A namespace that was
 * deleted and made again has the same name and is another one.
 */
async function isNetnsReplaced(netns: string): Promise<boolean> {
  const wanted = await stat(pathOf(netns)).catch((error: NodeJS.ErrnoException) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  return wanted === undefined || !(await isOwnNamespace(wanted));
}

/** Tells whether this process is in the namespace already. Throws `NO_INPUT`. */
async function isInside(netns: string, path: string): Promise<boolean> {
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
  return isOwnNamespace(wanted);
}

/** Tells whether a file of nsfs is the network namespace of this process. */
async function isOwnNamespace({ dev, ino }: Stats): Promise<boolean> {
  const own = await stat('/proc/self/ns/net');
  return own.dev === dev && own.ino === ino;
}

const CHECK_MILLISECONDS = 2000;

/**
 * Watches the name of the namespace that this process is in. The signal fires when the name stands
 * for another namespace or for none, because then nobody sees the table of this process any more.
 */
export function watchNetns(netns: string): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const check = async (): Promise<void> => {
    // A stat that fails for another reason than absence says nothing.
    if (await isNetnsReplaced(netns).catch(() => false)) controller.abort();
  };
  const timer = setInterval(check, CHECK_MILLISECONDS).unref();
  return { signal: controller.signal, stop: () => clearInterval(timer) };
}

async function requireCapability(): Promise<void> {
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  if ((effective >> CAP_SYS_ADMIN) & 1n) return;
  throw new IpvstateError('PERMISSION', 'entering a network namespace needs CAP_SYS_ADMIN', {
    hint: 'Run as root.',
  });
}
