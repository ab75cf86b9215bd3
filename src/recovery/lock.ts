import { connect, createServer, type Server, type Socket } from 'node:net';
import { IpvstateError } from '../errors.ts';
import { type Clock, formatTime, SYSTEM_CLOCK } from './clock.ts';

/** Who has the lock, as it says itself. */
export interface Holder {
  readonly pid: number;
  /** ISO 8601. */
  readonly started: string;
  /** Such as `ipvstate apply`. */
  readonly command: string;
}

export interface Lock {
  release(): Promise<void>;
}

export interface LockOptions {
  readonly command: string;
  /** How long to wait for another holder. Default 0. */
  readonly timeoutSeconds?: number;
  readonly clock?: Clock;
}

const RETRY_MILLISECONDS = 100;
const ANSWER_MILLISECONDS = 500;
/** An answer is one line; whoever says more is not one of us. */
const MAX_ANSWER_LENGTH = 1000;

/**
 * Takes the lock of this network namespace: an abstract Unix socket, which belongs to a namespace as the IPVS table does and goes
 * with its process, however that ends. It does not keep the process alive. Throws `LOCKED`, naming the holder.
 */
export async function takeLock(name: string, options: LockOptions): Promise<Lock> {
  const { timeoutSeconds = 0, clock = SYSTEM_CLOCK } = options;
  const holder: Holder = {
    pid: process.pid,
    started: clock.now().toISOString(),
    command: options.command,
  };
  const deadline = clock.monotonicSeconds() + timeoutSeconds;
  for (;;) {
    const lock = await listen(name, holder);
    if (lock) return lock;
    if (clock.monotonicSeconds() >= deadline) throw locked(await askHolder(name), clock.now());
    await clock.sleep(
      Math.min(RETRY_MILLISECONDS, Math.max(1, (deadline - clock.monotonicSeconds()) * 1000)),
    );
  }
}

function listen(name: string, holder: Holder): Promise<Lock | undefined> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.unref();
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.end(`${JSON.stringify(holder)}\n`);
  });
  return new Promise((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else
        reject(
          new IpvstateError('IO', `the lock cannot be taken (${error.code})`, { cause: error }),
        );
    });
    server.listen(name, () => {
      server.unref();
      resolve({ release: () => close(server, open) });
    });
  });
}

function close(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of open) socket.destroy();
  });
}

/** undefined when nobody answers in time, or not as one of us would. */
export function askHolder(name: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(name);
    const end = (): void => {
      socket.destroy();
      resolve(parseHolder(answer));
    };
    socket.setTimeout(ANSWER_MILLISECONDS, end);
    socket.setEncoding('utf8');
    socket
      .on('data', (chunk) => {
        answer += chunk;
        if (answer.includes('\n') || answer.length > MAX_ANSWER_LENGTH) end();
      })
      .on('end', end)
      .on('error', end);
  });
}

function parseHolder(answer: string): Holder | undefined {
  try {
    const { pid, started, command } = JSON.parse(answer) as Partial<Holder>;
    const isPlain = typeof command === 'string' && /^[\x20-\x7e]{1,100}$/.test(command);
    if (
      !Number.isSafeInteger(pid) ||
      typeof started !== 'string' ||
      Number.isNaN(Date.parse(started)) ||
      !isPlain
    )
      return undefined;
    return { pid: pid as number, started, command };
  } catch {
    return undefined;
  }
}

function locked(holder: Holder | undefined, now: Date): IpvstateError {
  const who = holder
    ? `held by pid ${holder.pid} (${holder.command}), since ${formatTime(new Date(holder.started), now)}`
    : 'held by another process, which does not say who it is';
  return new IpvstateError(
    'LOCKED',
    `another ipvstate is writing in this network namespace: the lock is ${who}; nothing was changed`,
    {
      hint: 'Wait for it, with --lock-timeout 30s for instance.',
    },
  );
}
