import { execFile } from 'node:child_process';
import { fstatSync, write } from 'node:fs';

/** What a service tells systemd about itself (sd_notify). */
export interface Notifier {
  /** Never throws: a service manager that cannot be reached is no reason to stop balancing. Resolves when it was handed over. */
  notify(state: NotifyState): Promise<void>;
  /** How often `WATCHDOG=1` is due, in milliseconds: half of what systemd grants. undefined: nobody watches. */
  readonly watchdogMilliseconds: number | undefined;
}

export interface NotifyState {
  readonly READY?: '1';
  /** Needs MONOTONIC_USEC (systemd: Type=notify-reload). */
  readonly RELOADING?: '1';
  readonly STOPPING?: '1';
  readonly WATCHDOG?: '1';
  readonly MONOTONIC_USEC?: string;
  readonly STATUS?: string;
}

/** The ways out; tests bring their own. */
export interface NotifyMeans {
  readonly pid: number;
  isSocket(fd: number): boolean;
  write(fd: number, text: string): Promise<void>;
  /** Runs `systemd-notify` with these arguments. */
  run(args: readonly string[]): Promise<void>;
}

/** systemd: SD_LISTEN_FDS_START. */
const FIRST_FD = 3;

/**
 * Node has no datagram sockets of the Unix family, but it can write to one that it was given: systemd connects it (`OpenFile=` in the
 * unit), and a write is then a message of this very process. That takes microseconds. Where no such socket was passed, a
 * `systemd-notify` process is started for each message, which takes some 10 ms and the unit's `NotifyAccess=all`.
 */
export function openNotifier(env: NodeJS.ProcessEnv, means: NotifyMeans = SYSTEM_MEANS): Notifier {
  const own = { watchdogMilliseconds: watchdogOf(env, means.pid) };
  if (!env.NOTIFY_SOCKET)
    return { ...own, notify: async () => {}, watchdogMilliseconds: undefined };
  let fd = passedSocket(env, means);
  let last: Promise<void> = Promise.resolve();
  const send = async (state: NotifyState): Promise<void> => {
    const lines = Object.entries(state).map(([name, value]) => `${name}=${oneLine(value)}`);
    if (fd !== undefined) {
      try {
        await means.write(fd, lines.join('\n'));
        return;
      } catch {
        fd = undefined;
      }
    }
    await means.run(['--no-block', ...lines]).catch(() => undefined);
  };
  return {
    ...own,
    notify: (state) => {
      last = last.then(() => send(state));
      return last;
    },
  };
}

/** CLOCK_MONOTONIC in microseconds, which is what Node's high-resolution time is on Linux. */
export function monotonicMicroseconds(): string {
  return String(process.hrtime.bigint() / 1000n);
}

/** The value of a line must not begin another one. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 500);
}

function watchdogOf(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const microseconds = Number(env.WATCHDOG_USEC);
  const isOurs = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === pid;
  return isOurs && microseconds > 0 ? microseconds / 2000 : undefined;
}

/** The file descriptor that the unit names `notify`. */
function passedSocket(env: NodeJS.ProcessEnv, { pid, isSocket }: NotifyMeans): number | undefined {
  if (Number(env.LISTEN_PID) !== pid) return undefined;
  const index = (env.LISTEN_FDNAMES ?? '').split(':').indexOf('notify');
  if (index === -1 || index >= Number(env.LISTEN_FDS)) return undefined;
  return isSocket(FIRST_FD + index) ? FIRST_FD + index : undefined;
}

const SYSTEM_MEANS: NotifyMeans = {
  pid: process.pid,
  isSocket: (fd) => {
    try {
      return fstatSync(fd).isSocket();
    } catch {
      return false;
    }
  },
  write: (fd, text) =>
    new Promise((resolve, reject) =>
      write(fd, text, (error) => (error ? reject(error) : resolve())),
    ),
  run: (args) =>
    new Promise((resolve, reject) =>
      execFile('systemd-notify', args, { timeout: 5000 }, (error) =>
        error ? reject(error) : resolve(),
      ),
    ),
};
