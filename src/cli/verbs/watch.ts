import { InvalidArgumentError } from 'commander';
import { parseListenAddress } from '../../daemon/http/listen-address.ts';
import type { Log } from '../../daemon/log/log.ts';
import { LOG_FORMATS, LOG_LEVELS } from '../../daemon/log/log-options.ts';
import { openNotifier } from '../../daemon/notify.ts';
import { DRIFT_MODES } from '../../daemon/status/status.ts';
import { takeDaemonLock } from '../../recovery/lock.ts';
import { openGenerationStore } from '../../recovery/records/kept-generation.ts';
import { type Session, withSession } from '../../recovery/session.ts';
import { settleEarlierRuns } from '../../recovery/try/try-end.ts';
import { EXIT, EXIT_MEANINGS } from '../../render/exit.ts';
import { isEtcdAddress, parseEtcdAddress } from '../../sources/etcd/address.ts';
import { followConfiguration } from '../../sources/follow.ts';
import { defaultControlSocket } from '../control.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { TABLE_EXITS } from '../declare/exit-groups.ts';
import {
  allowancesOf,
  COMMAND_OPTIONS,
  CONTROL_OPTIONS,
  FILE_OPTIONS,
  GUARD_OPTIONS,
  LOCK_OPTIONS,
} from '../declare/option-groups.ts';
import {
  choice,
  flag,
  number,
  type OptionOf,
  parseSeconds,
  text,
  type ValuesOf,
} from '../declare/options.ts';
import type { Environment } from '../environment.ts';

const OPTIONS = {
  ...FILE_OPTIONS,
  ...GUARD_OPTIONS,
  ...LOCK_OPTIONS,
  interval: milliseconds('--interval', 'look at the kernel this often', 5000, '5s'),
  resync: milliseconds('--resync', 'read files and kernel as a whole this often', 300_000, '5m'),
  debounce: milliseconds(
    '--debounce',
    'wait until files have been quiet for so long',
    250,
    '250ms',
  ),
  drift: choice(
    '--drift <what>',
    'when the kernel differs and no file changed',
    DRIFT_MODES,
    'correct',
  ),
  listen: text(
    '--listen <address>',
    'serve a page, an API, /metrics, /healthz and /readyz over HTTP, on 127.0.0.1:9798 or a ' +
      'Unix socket',
  ),
  listenAny: flag('--listen-any', 'let --listen be 0.0.0.0 or [::]'),
  ...COMMAND_OPTIONS,
  stats: flag('--stats', 'counters of each service and destination in /metrics'),
  logFormat: choice('--log-format <format>', 'format of the log', LOG_FORMATS, 'text'),
  logLevel: choice('--log-level <level>', 'what is logged at least', LOG_LEVELS, 'info'),
  ...CONTROL_OPTIONS,
};

type WatchOptions = ValuesOf<typeof OPTIONS>;

export const watchVerb = defineVerb({
  name: 'watch',
  job: 'operate',
  summary: 'run the daemon',
  description: 'run as a daemon that keeps the live table as the files say',
  options: OPTIONS,
  exits: {
    ...TABLE_EXITS,
    ok: 'stopped by SIGTERM or SIGINT',
    unavailable: 'the kernel has no IPVS, or the namespace was deleted',
    locked: EXIT_MEANINGS.locked,
  },
  examples: [
    'ipvstate watch -f conf.d',
    'ipvstate watch -f conf.d --drift report --listen 127.0.0.1:9798',
    'ipvstate watch -f conf.d --listen /run/ipvstate/http.sock --log-format json',
  ],
  notes: [
    'SIGHUP reads everything now. SIGTERM and SIGINT stop at the next safe point;',
    'the table stays as it is.',
  ],
  run: async (options, environment) => {
    // An unhandled SIGHUP would end the process. The first pass reads everything anyway.
    const removeHangup = onHangup(() => {});
    try {
      return await follow(options, environment);
    } finally {
      removeHangup();
    }
  },
});

/** A time option in milliseconds. */
function milliseconds(
  flag: string,
  description: string,
  absent: number,
  shown: string,
): OptionOf<number> {
  return number(`${flag} <time>`, description, parseMilliseconds, absent, shown);
}

/** Parses `250ms`, or a time in seconds as other options take it; at least 10 ms. */
function parseMilliseconds(text: string): number {
  const short = /^([1-9]\d{0,5})ms$/.exec(text);
  const milliseconds = short ? Number(short[1]) : (parseSeconds(text) ?? 0) * 1000;
  if (milliseconds < 10)
    throw new InvalidArgumentError('Expected a time such as 250ms, 5s or 1h30m.');
  return milliseconds;
}

async function watchNamespace(netns: string | undefined) {
  if (netns === undefined) return undefined;
  return (await import('../../kernel/netns.ts')).watchNetns(netns);
}

async function follow(options: WatchOptions, environment: Environment): Promise<number> {
  const { output, env, version } = environment;
  const listen =
    options.listen === undefined
      ? undefined
      : parseListenAddress(options.listen, options.listenAny);
  const { runDaemon, createLog, awaitPendingTry } = await loadDaemon();
  const state = await environment.state();
  const controlSocket = options.controlSocket ?? defaultControlSocket(state);
  const log: Log = createLog({
    format: options.logFormat,
    level: options.logLevel,
    write: (text) => output.warn(text),
  });
  const configuration = followConfiguration(options.file, options.node, (address) =>
    openGenerationStore(state, address, (message) => log.warn({ event: 'state' }, message)),
  );
  const notifier = openNotifier(env);
  const etcd = await etcdOf(options, env);
  const fleet = etcd && options.node !== undefined ? { ...etcd, node: options.node } : undefined;
  const namespace = await watchNamespace(options.netns);
  const interruption = environment.interruption(true);
  const signal = namespace ? AbortSignal.any([interruption, namespace.signal]) : interruption;
  await awaitPendingTry(state, { log, notifier, signal });
  if (signal.aborted) return EXIT.ok;
  await withDaemonSession(options.lockTimeout, environment, async (opened) => {
    const session = await settleEarlierRuns(
      { ...opened, warn: (message) => log.warn({ event: 'state' }, message) },
      environment,
    );
    const { interval, resync, debounce, drift, stats } = options;
    const timing = { interval, resync, debounce };
    const daemon = {
      version,
      configuration,
      timing,
      drift,
      allowances: allowancesOf(options),
      allowsCommands: options.allowCommands,
      listen,
      controlSocket,
      stats,
    };
    await runDaemon(daemon, {
      session,
      openKernel: environment.openKernel,
      look: {
        examine: async (files) => (await import('../diagnose.ts')).diagnose(files, environment),
        history: async (limit) =>
          (await import('../history/listed-runs.ts')).historyDocument(session.state, limit),
      },
      log,
      notifier,
      fleet,
      etcd,
      signal,
      onHangup,
    });
  });
  namespace?.stop();
  if (!namespace?.signal.aborted) return EXIT.ok;
  log.error(
    { event: 'netns-replaced' },
    `the network namespace ${options.netns} was deleted or made again: the daemon ends, so that its supervisor starts it in the new one`,
  );
  return EXIT.unavailable;
}

/** Finds the place in etcd that the configuration is followed from. */
async function etcdOf({ file }: WatchOptions, env: NodeJS.ProcessEnv) {
  const address = file.find(isEtcdAddress);
  if (address === undefined) return undefined;
  const { openEtcd } = await import('../../sources/etcd/client.ts');
  const parsed = parseEtcdAddress(address);
  return { ...parsed, client: openEtcd(parsed, env), address };
}

/**
 * Takes both locks: that of writers, which the daemon gives away while it is paused, and that of
 * the one daemon, which it keeps.
 */
function withDaemonSession(
  lockTimeout: number,
  environment: Environment,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  return withSession('watch', lockTimeout, environment, async (session) => {
    const { lockPath, clock } = session.state;
    const lock = await takeDaemonLock(lockPath, clock);
    try {
      await use(session);
    } finally {
      await lock.release();
    }
  });
}

/** Loads the daemon, which the help of this verb does not need. */
async function loadDaemon() {
  const { runDaemon } = await import('../../daemon/daemon.ts');
  const { createLog } = await import('../../daemon/log/log.ts');
  const { awaitPendingTry } = await import('../../daemon/await-pending-try.ts');
  return { runDaemon, createLog, awaitPendingTry };
}

function onHangup(reload: () => void): () => void {
  process.on('SIGHUP', reload);
  return () => process.off('SIGHUP', reload);
}
