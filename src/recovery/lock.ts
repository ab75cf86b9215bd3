import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IpvstateError, isAbsent } from '../errors.ts';
import { formatTime, type RecordClock, SYSTEM_CLOCK } from './clock.ts';
import { makeFolder } from './make-folder.ts';

/** The process that has the lock, as it wrote itself into the lock file. */
export interface Holder {
  readonly pid: number;
  /** When it took the lock, in ISO 8601. */
  readonly started: string;
  /** The command, such as `ipvstate apply`. */
  readonly command: string;
}

export interface Lock {
  release(): Promise<void>;
}

interface LockOptions {
  readonly command: string;
  /** How long to wait for another holder. Default: 0. */
  readonly timeoutSeconds?: number;
  readonly clock?: RecordClock;
  /** Says how to wait longer. */
  readonly waitHint?: string;
  /** Makes the error that names the holder. By default the holder is a writer. */
  readonly refusal?: (who: string) => IpvstateError;
}

const RETRY_MILLISECONDS = 100;

/** Exit status of `flock --nonblock` when another open file has the lock. */
const FLOCK_IS_TAKEN = 1;

/**
 * Takes the lock of this network namespace: flock(2) on a file in a folder that only root can
 * enter, so that no other user can hold the lock, delay it or speak in its holder's name. The
 * kernel frees it with the process, however that ends. Throws `LOCKED` and names the holder, or
 * throws `IO` or `UNAVAILABLE`.
 */
export async function takeLock(path: string, options: LockOptions): Promise<Lock> {
  const { timeoutSeconds = 0, clock = SYSTEM_CLOCK } = options;
  const file = await openLockFile(path);
  try {
    const deadline = clock.monotonicSeconds() + timeoutSeconds;
    while (!(await tryLock(file))) {
      if (clock.monotonicSeconds() >= deadline)
        throw locked(await readHolder(file), clock.now(), options);
      const millisecondsLeft = (deadline - clock.monotonicSeconds()) * 1000;
      await clock.sleep(Math.min(RETRY_MILLISECONDS, Math.max(1, millisecondsLeft)));
    }
    await writeHolder(file, {
      pid: process.pid,
      started: clock.now().toISOString(),
      command: options.command,
    });
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    release: async () => {
      await file.truncate(0).catch(() => undefined);
      await file.close();
    },
  };
}

/**
 * Takes the lock of the one daemon of this network namespace, beside the lock of writers. A paused
 * daemon gives that one away and keeps this one. Throws like `takeLock`.
 */
export function takeDaemonLock(lockPath: string, clock: RecordClock): Promise<Lock> {
  return takeLock(join(dirname(lockPath), 'daemon.lock'), {
    command: 'ipvstate watch',
    clock,
    refusal: (who) =>
      new IpvstateError(
        'LOCKED',
        `another daemon follows files in this network namespace, and is paused: the lock is ${who}; nothing was changed`,
        {
          hint: '`ipvstate status` shows it. One daemon can follow several files: give each with -f.',
        },
      ),
  });
}

async function openLockFile(path: string): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  try {
    makeFolder(dirname(path));
    return await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new IpvstateError(
        'PERMISSION',
        `no permission to open the lock file ${path} (${code})`,
        {
          cause: error,
          hint: 'A command that writes to the table needs root, or CAP_NET_ADMIN and a folder of its own in IPVSTATE_RUNTIME_DIR.',
        },
      );
    }
    throw new IpvstateError('IO', `the lock file ${path} cannot be opened (${code})`, {
      cause: error,
      hint: 'IPVSTATE_RUNTIME_DIR can name another folder, which can be written to.',
    });
  }
}

/**
 * Locks an open file with util-linux' `flock`, because Node has no flock(2). The lock belongs to
 * the open file that both processes share, so it stays when `flock` has ended.
 */
function tryLock(file: FileHandle): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(
        new IpvstateError('UNAVAILABLE', `the lock cannot be taken: flock ${reason}`, {
          hint: 'flock(1) is in the package util-linux.',
        }),
      );
    const failToStart = (error: NodeJS.ErrnoException): void => {
      const reason = `cannot be started (${error.code})`;
      if (isAbsent(error)) fail(reason);
      else reject(new IpvstateError('IO', `the lock cannot be taken: flock ${reason}`));
    };
    let child: ChildProcess;
    try {
      child = spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file.fd] });
    } catch (error) {
      failToStart(error as NodeJS.ErrnoException);
      return;
    }
    child.on('error', failToStart);
    child.on('exit', (status, signal) => {
      if (status === 0 || status === FLOCK_IS_TAKEN) resolve(status === 0);
      else fail(`ended with ${signal ?? `status ${status}`}`);
    });
  });
}

/** Writes who holds the lock. The lock is held as well where the disk is full. */
async function writeHolder(file: FileHandle, holder: Holder): Promise<void> {
  const text = `${JSON.stringify(holder)}\n`;
  await file.truncate(0).catch(() => undefined);
  await file.write(text, 0).catch(() => undefined);
}

/** Returns undefined while the holder has not written itself down. */
async function readHolder(file: FileHandle): Promise<Holder | undefined> {
  try {
    const buffer = Buffer.alloc(1000);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return parseHolder(buffer.toString('utf8', 0, bytesRead));
  } catch {
    return undefined;
  }
}

/** Returns undefined for a text that no holder wrote. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started, command } = JSON.parse(text) as Partial<Holder>;
    const isPlain = typeof command === 'string' && /^[\x20-\x7e]{1,100}$/.test(command);
    if (!Number.isSafeInteger(pid) || typeof started !== 'string' || !isPlain) return undefined;
    if (Number.isNaN(Date.parse(started))) return undefined;
    return { pid: pid as number, started, command };
  } catch {
    return undefined;
  }
}

function locked(
  holder: Holder | undefined,
  now: Date,
  { waitHint, refusal }: Pick<LockOptions, 'waitHint' | 'refusal'>,
): IpvstateError {
  const who = holder
    ? `held by pid ${holder.pid} (${holder.command}), since ${formatTime(new Date(holder.started), now)}`
    : 'held by a process that has not said yet who it is';
  if (refusal) return refusal(who);
  return new IpvstateError(
    'LOCKED',
    `another ipvstate is writing in this network namespace: the lock is ${who}; nothing was changed`,
    {
      hint: holder?.command.startsWith('ipvstate watch')
        ? 'The daemon keeps the lock as long as it runs: change its files and use `ipvstate reload`. ' +
          'A daemon that is paused has it for a moment: wait with --lock-timeout 30s.'
        : (waitHint ?? 'Wait for it, with --lock-timeout 30s for instance.'),
    },
  );
}
