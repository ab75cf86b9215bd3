import { hostname } from 'node:os';
import { Activity } from '../kernel/activity.ts';
import { readInterfaces } from '../kernel/interfaces.ts';
import { readSysctlNames } from '../kernel/sysctls.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Allowances } from '../plan/guard.ts';
import { aborted } from '../reconcile/aborted.ts';
import { startLoop } from '../reconcile/loop/loop.ts';
import type { Loop } from '../reconcile/loop/loop-interface.ts';
import {
  type DriftMode,
  INITIAL_STATE,
  type LoopState,
  type PassResult,
} from '../reconcile/loop/loop-state.ts';
import { openDrainStore } from '../recovery/records/drains.ts';
import { openPauseStore } from '../recovery/records/pause.ts';
import { openProtectedStore } from '../recovery/records/protected.ts';
import type { Session } from '../recovery/session.ts';
import { EXIT } from '../render/exit.ts';
import { systemClock } from '../sources/files/clock.ts';
import type { FollowedConfiguration } from '../sources/follow.ts';
import { type ApiDocuments, apiDocuments } from './api/api-documents.ts';
import { apiPages, type LookPorts } from './api/api-pages.ts';
import { controlAnswers } from './control/answers.ts';
import { type ControlServer, serveControl } from './control/server.ts';
import { DaemonOverrides } from './daemon-overrides.ts';
import { type DaemonFleet, joinFleet } from './fleet/daemon-fleet.ts';
import { type EtcdPlace, openFleetView } from './fleet/fleet-view.ts';
import type { FleetPlace } from './fleet/member.ts';
import { type DaemonHealth, openDaemonHealth } from './health/daemon-health.ts';
import { indexFiles, indexPage } from './http/index-page.ts';
import { formatListenAddress, type ListenAddress } from './http/listen-address.ts';
import { createMetrics, type Metrics } from './http/metrics.ts';
import { daemonPages } from './http/pages.ts';
import { type HttpServer, type Pages, serveHttp } from './http/server.ts';
import type { Log } from './log/log.ts';
import { RepetitionLimit } from './log/repetition.ts';
import { StateLog } from './log/state-log.ts';
import { openLoopPort } from './loop-port.ts';
import { monotonicMicroseconds, type Notifier } from './notify.ts';
import { exitCodeOfRequest, PASS_OUTCOMES } from './status/pass-exit.ts';
import type { Status } from './status/status.ts';
import { statusOfLoop } from './status/status-of-loop.ts';
import { formatHealth, formatStatus } from './status/status-text.ts';

interface DaemonOptions {
  readonly version: string;
  readonly configuration: FollowedConfiguration;
  /** In milliseconds. */
  readonly timing: {
    readonly interval: number;
    readonly resync: number;
    readonly debounce: number;
  };
  readonly drift: DriftMode;
  readonly allowances: Allowances;
  /** undefined: no HTTP server. */
  readonly listen: ListenAddress | undefined;
  readonly controlSocket: string;
  /** True when the programs of health checks may be run. */
  readonly allowsCommands: boolean;
  /** True when /metrics has the kernel's counters of each service and destination. */
  readonly stats: boolean;
}

interface DaemonPorts {
  /** Holds the lock for as long as the daemon runs. */
  readonly session: Session;
  readonly openKernel: () => Promise<Ipvs>;
  /** Answers what the pages show and only the command line knows. */
  readonly look: LookPorts;
  readonly log: Log;
  readonly notifier: Notifier;
  /** undefined: the daemon is in no fleet. */
  readonly fleet?: FleetPlace | undefined;
  /** The place in etcd that the configuration is followed from. undefined: it is from files. */
  readonly etcd?: EtcdPlace | undefined;
  /** Aborts when the daemon is to stop. */
  readonly signal: AbortSignal;
  /** Calls `reload` on each SIGHUP, until the returned function is called. */
  readonly onHangup: (reload: () => void) => () => void;
}

/** Two readings of the clocks, one after the other, differ by less. */
const CLOCK_NOISE_MILLISECONDS = 100;
const REMIND_MILLISECONDS = 10_000;
/** The states of the health checks are stored again after so long. */
const HEALTH_MILLISECONDS = 5000;

/**
 * Follows a configuration and keeps the kernel's table as the configuration says, until it is asked
 * to stop. The table then stays as it is.
 */
export async function runDaemon(options: DaemonOptions, ports: DaemonPorts): Promise<void> {
  const kernel = await ports.openKernel();
  const daemon = new Daemon(options, ports, kernel);
  try {
    await daemon.run();
  } finally {
    await daemon.close();
    kernel.close();
  }
}

class Daemon {
  readonly #options: DaemonOptions;
  readonly #ports: DaemonPorts;
  readonly #kernel: Ipvs;
  readonly #activity = new Activity(() => performance.now() / 1000);
  readonly #metrics: Metrics;
  readonly #started = new Date().toISOString();
  /** The wall clock when the loop's clock was 0. */
  #clockOrigin = Date.now() - performance.now();
  #loop: Loop | undefined;
  #overrides: DaemonOverrides | undefined;
  #fleet: DaemonFleet | undefined;
  #health: DaemonHealth | undefined;
  #control: ControlServer | undefined;
  #http: HttpServer | undefined;
  #timers: NodeJS.Timeout[] = [];
  #ready = false;
  #shownStatus = '';

  constructor(options: DaemonOptions, ports: DaemonPorts, kernel: Ipvs) {
    this.#options = options;
    this.#ports = ports;
    this.#kernel = kernel;
    this.#metrics = createMetrics(
      ...([options.version, () => this.#status(), PASS_OUTCOMES] as const),
      () => this.#health?.destinations ?? [],
    );
  }

  async run(): Promise<void> {
    const { log, session, signal, onHangup, notifier } = this.#ports;
    const { configuration, timing, drift, allowances, allowsCommands } = this.#options;
    const clock = { ...systemClock, after: startTimer };
    const port = openLoopPort(session, this.#kernel, this.#activity, clock);
    const health = await openDaemonHealth({
      ...{ session, clock, log, allowsCommands, metrics: this.#metrics },
      loop: () => this.#loop,
    });
    this.#health = health;
    const overrides = new DaemonOverrides({
      ...{ session, allowances, signal, log, openWork: port.openWork, health: health.source },
      loop: () => this.#loop,
    });
    this.#overrides = overrides;
    this.#fleet = await joinFleet(this.#ports.fleet, {
      ...{ log, session, clock, table: overrides },
      state: () => this.#loop?.state ?? INITIAL_STATE,
      status: () => this.#status(),
      rollout: () => configuration.rollout,
    });
    await this.#serve();

    const stateLog = new StateLog(
      log,
      new RepetitionLimit(() => performance.now() / 1000),
      () => configuration.texts,
    );
    const protection = openProtectedStore(session.state, session.warn);
    const keepProtected = async (services: ReadonlySet<ServiceKey>): Promise<void> => {
      await protection
        .write(services)
        .catch((error: Error) => log.error({ event: 'state' }, error.message));
    };
    const loop = startLoop({
      clock,
      load: () => this.#activity.during(configuration.load),
      ...port,
      interfaces: async () => [...(await readInterfaces()).keys()].sort().join(' '),
      sysctls: readSysctlNames,
      drift,
      pauses: openPauseStore(session.state, session.warn),
      lock: session.lock,
      settleOverrides: () => overrides.settle(),
      reconciling: {
        drains: openDrainStore(session.state, session.warn),
        overrides: overrides.store,
        health: health.source,
        allowances,
      },
      protectedServices: await protection.read(),
      timing: { interval: timing.interval, resync: timing.resync, secondRead: timing.debounce },
      onState: (state, previous) => {
        port.follow(state, previous);
        stateLog.changed(state, previous);
        health.follow(state, previous);
        if (state.protectedServices !== previous.protectedServices)
          void keepProtected(state.protectedServices);
        this.#count(state, previous);
        this.#fleet?.changed();
        this.#notifyWhenSettled(state);
      },
    });
    this.#loop = loop;
    this.#fleet?.start();
    this.#timers.push(
      setInterval(() => stateLog.remind(loop.state), REMIND_MILLISECONDS),
      setInterval(() => health.refresh(), HEALTH_MILLISECONDS),
    );
    const removeHangup = onHangup(() => void this.#hangUp());
    const watch = await configuration.watch({
      onChange: () => loop.look(),
      onMode: (mode, reason) => loop.setWatchMode(mode, reason),
      quietMilliseconds: timing.debounce,
    });
    try {
      await Promise.race([loop.done, aborted(signal)]);
    } finally {
      removeHangup();
      await notifier.notify({ STOPPING: '1', STATUS: 'stopping; the table stays as it is' });
      log.info({ event: 'stopping' }, 'stopping; the table stays as it is');
      // The watch waits for the reading that it started, so the loop is stopped first.
      const stopped = loop.stop();
      await watch.close();
      await stopped;
      await port.settled();
      await this.#fleet?.close();
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#health?.close();
    await this.#control?.close();
    await this.#http?.close();
  }

  async #serve(): Promise<void> {
    const { controlSocket, listen } = this.#options;
    const { log, notifier } = this.#ports;
    const documents = this.#documents();
    const answer = controlAnswers({
      documents,
      loop: () => this.#loop,
      status: () => this.#status(),
      reload: () => this.#reload(),
      health: () => {
        if (!this.#health) throw new Error('the daemon is still starting');
        return this.#health.document();
      },
      override: (request, allowUnserved) => {
        if (!this.#overrides) throw new Error('the daemon is still starting');
        return this.#overrides.change(request, allowUnserved);
      },
    });
    this.#control = await serveControl(controlSocket, answer);
    if (listen) {
      this.#http = await serveHttp(listen, this.#pages(documents));
      log.info({ event: 'listening' }, `listening on ${formatListenAddress(this.#http.address)}`);
    }
    if (notifier.watchdogMilliseconds !== undefined) {
      const sendSignOfLife = (): void => {
        if (!this.#activity.isStuck) void notifier.notify({ WATCHDOG: '1' });
      };
      // The last sign of a daemon that waited for the end of a try is up to one interval old.
      sendSignOfLife();
      this.#timers.push(setInterval(sendSignOfLife, notifier.watchdogMilliseconds));
    }
  }

  #documents(): ApiDocuments {
    const { session, openKernel, look } = this.#ports;
    return apiDocuments({
      host: hostname(),
      state: () => this.#loop?.state ?? INITIAL_STATE,
      status: () => this.#status(),
      texts: () => this.#options.configuration.texts,
      pendingTry: () => session.records.pending.read(),
      clock: session.state.clock,
      monotonic: systemClock,
      openKernel,
      examine: look.examine,
      findHealth: (service, destination) => this.#health?.find(service, destination),
    });
  }

  #pages(documents: ApiDocuments): Pages {
    const { openKernel, look, etcd, fleet: { node } = {}, session } = this.#ports;
    const status = (): Status => this.#status();
    const title = `ipvstate on ${hostname()}`;
    const fleet = etcd && openFleetView(etcd, status, session.state.clock, node);
    return {
      '/': (request) => indexPage(request, title, formatStatus(status())),
      ...(fleet && {
        '/fleet': async (request) => indexPage(request, title, await fleet.text()),
      }),
      ...indexFiles(),
      ...daemonPages({
        status,
        metrics: this.#metrics.registry,
        isStuck: () => this.#activity.isStuck,
        isReady: () => this.#ready,
        // Scrapes have a connection of their own, so that no change waits for them.
        openKernel: this.#options.stats ? openKernel : undefined,
        names: () => this.#loop?.state.config.good?.desired.names ?? new Map(),
      }),
      ...apiPages(documents, look.history, systemClock, fleet),
    };
  }

  #status(): Status {
    const { version, drift } = this.#options;
    const { clock } = this.#ports.session.state;
    return statusOfLoop(this.#loop?.state ?? INITIAL_STATE, {
      version,
      drift,
      pid: process.pid,
      started: this.#started,
      fleet: this.#fleet?.status,
      drainClockSeconds: clock.monotonicSeconds(),
      wallSeconds: clock.now().getTime() / 1000,
      wallTime: (time) => this.#wallTime(time),
    });
  }

  /** Converts a time of the loop. It stays the same text until the wall clock is set. */
  #wallTime(time: number): string {
    const origin = Date.now() - performance.now();
    if (Math.abs(origin - this.#clockOrigin) > CLOCK_NOISE_MILLISECONDS) this.#clockOrigin = origin;
    return new Date(this.#clockOrigin + time).toISOString();
  }

  async #reload(): Promise<PassResult> {
    const { notifier, signal } = this.#ports;
    if (!this.#loop) throw new Error('the daemon is still starting');
    await notifier.notify({
      RELOADING: '1',
      MONOTONIC_USEC: monotonicMicroseconds(),
      STATUS: 'reading the files and the table',
    });
    await this.#options.configuration.refresh();
    const pass = await this.#loop.reload();
    // A daemon that stops has sent its last message already.
    if (!signal.aborted)
      await notifier.notify({ READY: '1', STATUS: formatHealth(this.#status()) });
    return pass;
  }

  /** Logs a bad end of a reload by signal, which nobody gets an answer to. */
  async #hangUp(): Promise<void> {
    const pass = await this.#reload();
    const exitCode = this.#loop ? exitCodeOfRequest(this.#loop.state, pass) : EXIT.ok;
    if (exitCode === EXIT.ok || this.#ports.signal.aborted) return;
    this.#ports.log.error(
      { event: 'reload', exit_code: exitCode },
      `reload: ${formatHealth(this.#status())}`,
    );
  }

  #count({ lastPass, totals }: LoopState, previous: LoopState): void {
    if (!lastPass || lastPass === previous.lastPass) return;
    const { startedAt, finishedAt, outcome } = lastPass;
    this.#metrics.countPass(outcome, (finishedAt - startedAt) / 1000);
    this.#metrics.countDrift(totals.drifted - previous.totals.drifted);
  }

  #notifyWhenSettled({ phase, lastPass, config }: LoopState): void {
    if (phase === 'running' || phase === 'stopped') return;
    const isStartOver =
      lastPass !== undefined || (config.problem !== undefined && config.good === undefined);
    if (isStartOver) this.#notifyHealth(phase);
  }

  /** Tells the service manager the end of the start, and then each other health. */
  #notifyHealth(phase: LoopState['phase']): void {
    // The first state arrives before `startLoop` has returned the loop, which the status needs.
    queueMicrotask(() => {
      if (this.#ports.signal.aborted) return;
      const text = formatHealth(this.#status());
      if (this.#ready && text === this.#shownStatus) return;
      this.#shownStatus = text;
      void this.#ports.notifier.notify(
        this.#ready ? { STATUS: text } : { READY: '1', STATUS: text },
      );
      this.#ready = phase !== 'failed';
    });
  }
}

function startTimer(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}
