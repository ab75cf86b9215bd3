import { execFile } from 'node:child_process';
import { fstatSync, write } from 'node:fs';
import { printable } from '../model/printable.ts';

/** Tells systemd the state of this service (sd_notify). */
export interface Notifier {
  /**
   * Sends a message, and resolves when it was handed over. Never rejects: load balancing goes on
   * when the service manager cannot be reached.
   */
  notify(state: NotifyState): Promise<void>;
  /** Interval of `WATCHDOG=1`: half of systemd's timeout. undefined: systemd has none. */
  readonly watchdogMilliseconds: number | undefined;
}

export interface NotifyState {
  readonly READY?: '1';
  /** Needs MONOTONIC_USEC (systemd.service: Type=notify-reload). */
  readonly RELOADING?: '1';
  readonly STOPPING?: '1';
  readonly WATCHDOG?: '1';
  readonly MONOTONIC_USEC?: string;
  readonly STATUS?: string;
}

/** The system calls of a notifier. Tests bring their own. */
export interface NotifyPorts {
  readonly pid: number;
  isSocket(fd: number): boolean;
  write(fd: number, text: string): Promise<void>;
  /** Runs `systemd-notify` with these arguments. */
  run(args: readonly string[]): Promise<void>;
}

/** The first file descriptor that systemd passes (sd-daemon.h: SD_LISTEN_FDS_START). */
const FIRST_FD = 3;

/**
 * Opens a notifier. Node cannot open Unix datagram sockets, but it can write to one that systemd
 * passes (`OpenFile=` in the unit). Such a write takes microseconds, and comes from this process.
 * Without such a socket, each message starts a `systemd-notify` process. That takes about 10 ms,
 * and the unit needs `NotifyAccess=all`.
 */
export function openNotifier(env: NodeJS.ProcessEnv, ports: NotifyPorts = SYSTEM_PORTS): Notifier {
  if (!env.NOTIFY_SOCKET) return { notify: async () => {}, watchdogMilliseconds: undefined };
  let fd = passedSocket(env, ports);
  let last: Promise<void> = Promise.resolve();
  const send = async (state: NotifyState): Promise<void> => {
    const lines = Object.entries(state).map(([name, value]) => `${name}=${oneLine(value)}`);
    if (fd !== undefined) {
      try {
        await ports.write(fd, lines.join('\n'));
        return;
      } catch {
        fd = undefined;
      }
    }
    await ports.run(['--no-block', ...lines]).catch(() => undefined);
  };
  return {
    watchdogMilliseconds: watchdogOf(env, ports.pid),
    notify: (state) => {
      last = last.then(() => send(state));
      return last;
    },
  };
}

/** CLOCK_MONOTONIC in microseconds. Node's hrtime is that clock on Linux. */
export function monotonicMicroseconds(): string {
  return String(process.hrtime.bigint() / 1000n);
}

/** Removes line breaks, because a value with one would set another variable. */
function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ')).slice(0, 500);
}

function watchdogOf(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const microseconds = Number(env.WATCHDOG_USEC);
  const isOurs = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === pid;
  return isOurs && microseconds > 0 ? microseconds / 2000 : undefined;
}

/** The file descriptor that the unit names `notify`. */
function passedSocket(env: NodeJS.ProcessEnv, { pid, isSocket }: NotifyPorts): number | undefined {
  if (Number(env.LISTEN_PID) !== pid) return undefined;
  const index = (env.LISTEN_FDNAMES ?? '').split(':').indexOf('notify');
  if (index === -1 || index >= Number(env.LISTEN_FDS)) return undefined;
  return isSocket(FIRST_FD + index) ? FIRST_FD + index : undefined;
}

const SYSTEM_PORTS: NotifyPorts = {
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
