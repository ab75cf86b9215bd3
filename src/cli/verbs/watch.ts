import { stat } from 'node:fs/promises';
import { runDaemon } from '../../daemon/daemon.ts';
import { parseListenAddress } from '../../daemon/listen-address.ts';
import { createLog, type Log } from '../../daemon/log.ts';
import type { LogFormat, LogLevel } from '../../daemon/log-options.ts';
import { type Notifier, openNotifier } from '../../daemon/notify.ts';
import type { DriftMode } from '../../daemon/status.ts';
import { IpvstateError } from '../../errors.ts';
import { openRecords } from '../../recovery/records/records.ts';
import { isExpired, withSession } from '../../recovery/session.ts';
import { settleEarlierRuns } from '../../recovery/try/try-end.ts';
import { EXIT } from '../../render/exit.ts';
import { DEFAULT_FILE, DEFAULT_FOLDER } from '../../sources/load.ts';
import { allowancesOf, type PlanOptions } from '../arguments.ts';
import type { Environment } from '../environment.ts';
import { defaultControlSocket } from './control-socket.ts';

export interface WatchOptions extends PlanOptions {
  /** In milliseconds. */
  readonly interval: number;
  readonly resync: number;
  readonly debounce: number;
  readonly drift: DriftMode;
  readonly listen?: string;
  readonly listenAny?: boolean;
  readonly controlSocket?: string;
  readonly stats?: boolean;
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
  /** In seconds. */
  readonly lockTimeout: number;
}

/** What a try is looked for with that is still pending when the daemon starts. */
const LOOK_MILLISECONDS = 1000;

/** Stays, and keeps the kernel's table as the files say. Ends with 0 when it was asked to, and leaves the table as it is. */
export async function watch(
  options: WatchOptions,
  environment: Environment,
  version: string,
): Promise<number> {
  // Unheard, it would end the process. Whatever it asks for before the first pass, that pass does.
  const removeHangup = onHangup(() => {});
  try {
    return await follow(options, environment, version);
  } finally {
    removeHangup();
  }
}

async function follow(
  options: WatchOptions,
  environment: Environment,
  version: string,
): Promise<number> {
  const { output, env } = environment;
  const paths = await pathsOf(options.file);
  const listen =
    options.listen === undefined
      ? undefined
      : parseListenAddress(options.listen, options.listenAny ?? false);
  const state = await environment.state();
  const controlSocket = options.controlSocket ?? defaultControlSocket(state);
  const log = createLog({
    format: options.logFormat,
    level: options.logLevel,
    write: (text) => output.warn(text),
  });
  const notifier = openNotifier(env);
  const signal = environment.interruption(true);
  await loadEverything();
  await awaitPendingTry(environment, log, notifier, signal);
  if (signal.aborted) return EXIT.ok;
  await withSession('watch', options.lockTimeout, environment, async (opened) => {
    const session = await settleEarlierRuns(
      { ...opened, warn: (message) => log.warn({ event: 'state' }, message) },
      environment,
    );
    const { interval, resync, debounce, drift, stats = false } = options;
    const timing = { interval, resync, debounce };
    const daemon = {
      version,
      paths,
      timing,
      drift,
      allowances: allowancesOf(options),
      listen,
      controlSocket,
      stats,
    };
    await runDaemon(daemon, {
      session,
      openKernel: environment.openKernel,
      log,
      notifier,
      signal,
      onHangup,
    });
  });
  return EXIT.ok;
}

/** What is otherwise loaded when it is first needed: by then, the program may have been replaced by another version. */
async function loadEverything(): Promise<void> {
  await Promise.all([
    import('../../config/parse.ts'),
    import('../../formats/ipvsadm/script.ts'),
    import('../../recovery/records/stored-pass.ts'),
  ]);
}

async function pathsOf(files: readonly string[]): Promise<readonly string[]> {
  if (files.includes('-'))
    throw new IpvstateError('USAGE', '`watch` follows files: stdin cannot be read again');
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice) throw new IpvstateError('USAGE', `${twice} is given twice`);
  if (files.length > 0) return files;
  return (await stat(DEFAULT_FILE).catch(() => undefined)) ? [DEFAULT_FILE] : [DEFAULT_FOLDER];
}

/** A try is confirmed, or undone by the process that guards it, without the daemon: it begins when that is settled. */
async function awaitPendingTry(
  environment: Environment,
  log: Log,
  notifier: Notifier,
  signal: AbortSignal,
): Promise<void> {
  const state = await environment.state();
  const { pending } = openRecords(state, () => {});
  for (let isTold = false; !signal.aborted; isTold = true) {
    const found = await pending.peek();
    if (!found || isExpired(found, state)) return;
    if (!isTold) {
      const text = 'a try is pending: nothing is written until it is confirmed or undone';
      log.warn({ event: 'pending-try', try: found.id }, text);
      await notifier.notify({ READY: '1', STATUS: text });
    }
    await state.clock.sleep(LOOK_MILLISECONDS);
  }
}

function onHangup(reload: () => void): () => void {
  process.on('SIGHUP', reload);
  return () => process.off('SIGHUP', reload);
}
