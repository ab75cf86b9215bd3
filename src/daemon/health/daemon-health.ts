import { reportedError } from '../../errors.ts';
import type { Clock } from '../../model/clock.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { HealthSource } from '../../model/health.ts';
import { printable } from '../../model/printable.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Loop } from '../../reconcile/loop/loop-interface.ts';
import type { LoopState } from '../../reconcile/loop/loop-state.ts';
import { type HealthStore, openHealthStore } from '../../recovery/records/health.ts';
import type { Session } from '../../recovery/session.ts';
import { countOf } from '../../render/count-of.ts';
import type { HealthDocument, HealthRow } from '../../render/health.ts';
import type { Log } from '../log/log.ts';
import { Commands } from './check-command.ts';
import { type CheckedDestination, type HealthChange, HealthChecks } from './health-checks.ts';
import { healthDocument, healthRow } from './health-document.ts';
import { isCommand, NOT_RUN, runChecks } from './run-checks.ts';

interface HealthPorts {
  readonly session: Session;
  readonly clock: Clock;
  readonly log: Log;
  /** True when programs of the files may be run. */
  readonly allowsCommands: boolean;
  /** undefined until the daemon has started the loop. */
  readonly loop: () => Loop | undefined;
  readonly metrics: {
    countHealthChange(service: ServiceKey): void;
    observeCheck(service: ServiceKey, seconds: number): void;
  };
}

/** Opens the checks of the daemon, with the states that an earlier one stored. */
export async function openDaemonHealth(ports: HealthPorts): Promise<DaemonHealth> {
  const { session } = ports;
  const store = openHealthStore(session.state, session.warn);
  const stored = await store.readStored().catch((error: unknown) => {
    session.warn(`${reportedError(error).message}: the health checks begin anew`);
    return undefined;
  });
  return new DaemonHealth(ports, store, stored);
}

/** The health checks of the daemon: they make passes, and outlive a restart in a record. */
export class DaemonHealth {
  /** The states for the passes of the loop. */
  readonly source: HealthSource;
  readonly #ports: HealthPorts;
  readonly #store: HealthStore;
  readonly #checks: HealthChecks;
  readonly #commands: Commands | undefined;
  #saving: Promise<void> = Promise.resolve();
  #isSavePending = false;
  #isStored = false;
  #failure: string | undefined;
  /** Why checks cannot be made, as far as the log says so. */
  readonly #unknown = new Set<string>();

  constructor(
    ports: HealthPorts,
    store: HealthStore,
    stored: Awaited<ReturnType<HealthStore['readStored']>>,
  ) {
    this.#ports = ports;
    this.#store = store;
    this.#isStored = (stored?.states.size ?? 0) > 0;
    this.#commands = ports.allowsCommands ? new Commands() : undefined;
    const { clock, metrics, loop } = ports;
    this.#checks = new HealthChecks(
      {
        clock,
        nowSeconds: () => store.now(),
        random: Math.random,
        check: (health, destination, service, onTurn) =>
          runChecks(health, destination, service, this.#commands, onTurn),
        onAnswer: (service, seconds) => metrics.observeCheck(service, seconds),
        onChange: (change) => this.#changed(change),
        onUnknown: (service, reason) => this.#warnOfUnknown(service, reason),
        onEffect: () => loop()?.healthChanged(),
      },
      stored,
    );
    this.source = {
      isChecking: true,
      now: () => store.now(),
      read: async () => this.#checks.states,
    };
  }

  /** Checks the destinations of the files in force. To be called with every new state. */
  follow({ config, checked }: LoopState, previous: LoopState): void {
    if (config.good && config.good !== previous.config.good) {
      this.#checks.follow(config.good.desired);
      this.#unknown.clear();
      this.#warnOfCommands();
    }
    if (checked !== previous.checked) this.#logPanic(checked, previous.checked);
  }

  /** Stores the states again, so that a restart can trust them. To be called every few seconds. */
  refresh(): void {
    if (this.#isStored || this.#checks.notable.size > 0) this.#save();
  }

  /** The destinations that are checked, for the metrics. */
  get destinations(): readonly CheckedDestination[] {
    return this.#checks.destinations;
  }

  document(): HealthDocument {
    const notes = this.#ports.loop()?.state.checked ?? [];
    return healthDocument(this.#checks.destinations, { notes, ...this.#facts() });
  }

  /** The row of one destination. undefined: it is not checked. */
  find(service: ServiceKey, destination: DestinationKey): HealthRow | undefined {
    const checked = this.#checks.find(service, destination);
    return checked && healthRow(checked, this.#facts());
  }

  #facts(): Parameters<typeof healthRow>[1] {
    const names = this.#ports.loop()?.state.config.good?.desired.names ?? new Map();
    return { names, nowSeconds: this.#store.now(), date: this.#ports.session.state.clock.now() };
  }

  async close(): Promise<void> {
    this.refresh();
    await this.#saving;
    this.#checks.stop();
    this.#commands?.stop();
  }

  #warnOfCommands(): void {
    if (this.#commands) return;
    const count = this.#checks.destinations.filter(({ health }) =>
      health.checks.some(isCommand),
    ).length;
    const text =
      `the commands that check ${countOf(count, 'destination')} are not run: ` +
      'the daemon was started without --allow-commands';
    if (count > 0) this.#ports.log.warn({ event: 'health-commands', destinations: count }, text);
  }

  /** Says that a dead server would not be noticed: once for a reason, whatever fails by it. */
  #warnOfUnknown(service: ServiceKey, reason: string): void {
    // The log has said so when the files were read.
    if (reason === NOT_RUN || this.#unknown.has(reason)) return;
    this.#unknown.add(reason);
    const text = `the health of ${service}, and perhaps others, is not known: ${printable(reason)}`;
    this.#ports.log.warn({ event: 'health-unknown', service, reason }, text);
  }

  #changed({ service, destination, isHealthy, reason }: HealthChange): void {
    const { log, metrics } = this.#ports;
    const state = isHealthy ? 'healthy again' : 'unhealthy';
    const fields = { event: 'health', service, destination, healthy: isHealthy, reason };
    const text = `${state}: ${destination} of ${service}: ${printable(reason)}`;
    if (isHealthy) log.info(fields, text);
    else log.warn(fields, text);
    metrics.countHealthChange(service);
    this.#save();
  }

  /** Writes the states after the changes of this turn. One write runs at a time. */
  #save(): void {
    if (this.#isSavePending) return;
    this.#isSavePending = true;
    this.#saving = this.#saving.then(async () => {
      this.#isSavePending = false;
      const { notable } = this.#checks;
      try {
        await this.#store.write(notable);
        this.#isStored = notable.size > 0;
        this.#failure = undefined;
      } catch (error) {
        const { message } = reportedError(error);
        if (message !== this.#failure) this.#ports.log.error({ event: 'state' }, message);
        this.#failure = message;
      }
    });
  }

  #logPanic(checked: LoopState['checked'], previous: LoopState['checked']): void {
    const panicking = (notes: LoopState['checked']): ReadonlySet<ServiceKey> =>
      new Set(notes.flatMap(({ effect, service }) => (effect === 'panic' ? [service] : [])));
    const [now, before] = [panicking(checked), panicking(previous)];
    const { log } = this.#ports;
    for (const service of now)
      if (!before.has(service))
        log.error(
          { event: 'health-panic', service },
          `too many destinations of ${service} are unhealthy: those that are in stay in`,
        );
    for (const service of before)
      if (!now.has(service))
        log.info({ event: 'health-panic-over', service }, `${service}: the panic is over`);
  }
}
