import { type CheckState, firstState, isHeldByDamping, stateAfter } from '../../health/state.ts';
import type { Clock } from '../../model/clock.ts';
import type { Desired } from '../../model/desired.ts';
import type { Destination } from '../../model/destination.ts';
import { type DrainKey, drainKey } from '../../model/drain.ts';
import type { DestinationHealth, HealthState, HealthStates } from '../../model/health.ts';
import type { ServiceKey } from '../../model/service.ts';
import { type Answer, unknown } from './answer.ts';
import type { OnTurn } from './check-command.ts';
import { isCommand } from './run-checks.ts';
import { Schedule } from './schedule.ts';

/** A destination whose state changed. */
export interface HealthChange {
  readonly service: ServiceKey;
  readonly destination: Destination['key'];
  readonly isHealthy: boolean;
  readonly reason: string;
}

interface CheckPorts {
  readonly clock: Clock;
  /** The monotonic clock of records. */
  readonly nowSeconds: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly check: (
    health: DestinationHealth,
    destination: Destination,
    service: ServiceKey,
    onTurn: OnTurn,
  ) => Promise<Answer>;
  /** Called with each answer, and how long it took. */
  readonly onAnswer: (service: ServiceKey, seconds: number) => void;
  readonly onChange: (change: HealthChange) => void;
  /** Called when this machine could not check a destination so often that a dead one is missed. */
  readonly onUnknown: (service: ServiceKey, reason: string) => void;
  /** Called when plans are to be made again. */
  readonly onEffect: () => void;
}

/** The last answer of a destination. */
interface LastAnswer extends Answer {
  readonly atSeconds: number;
  readonly latencySeconds: number;
}

/** A destination that is checked, with all that its checks found. */
export interface CheckedDestination {
  readonly service: ServiceKey;
  readonly destination: Destination;
  readonly health: DestinationHealth;
  readonly state: CheckState;
  /** The last bad answer in words. */
  readonly reason: string;
  readonly last: LastAnswer | undefined;
  /** True while it answers well, and stays unhealthy because it flapped. */
  readonly isDamped: boolean;
}

interface Watched extends Omit<CheckedDestination, 'isDamped'> {
  health: DestinationHealth;
  destination: Destination;
  state: CheckState;
  reason: string;
  last: LastAnswer | undefined;
  rampEndSeconds: number | undefined;
  /** How many checks in a row could not be made. */
  unknowns: number;
  /** When the next check is due, on the clock. */
  due: number;
  /** True when the files do not name it any more. */
  isOver: boolean;
}

/** More checks wait for their turn. */
const MOST_AT_ONCE = 1000;
/** Multiples of it are spread evenly over an interval, however many there are. */
const GOLDEN_RATIO = 0.618_033_988_75;
const RAMP_STEP_MILLISECONDS = 1000;
/** A state from before a restart counts for so many intervals. */
const TRUSTED_INTERVALS = 10;
/** It counts for so long at least: an upgrade takes longer than ten short intervals. */
const TRUSTED_SECONDS = 30;

/** Checks the destinations of the files, each one in its interval, and keeps their states. */
export class HealthChecks {
  readonly #ports: CheckPorts;
  readonly #schedule: Schedule<Watched>;
  #watched: Map<DrainKey, Watched> = new Map();
  #waiting: Watched[] = [];
  #running = 0;
  #started = 0;
  #cancelRamps: (() => void) | undefined;
  #stored: { readonly savedSeconds: number; readonly states: HealthStates } | undefined;

  /** `stored` are the states from before a restart. */
  constructor(
    ports: CheckPorts,
    stored: { readonly savedSeconds: number; readonly states: HealthStates } | undefined,
  ) {
    this.#ports = ports;
    this.#stored = stored;
    this.#schedule = new Schedule(ports.clock, (watched) => {
      if (waitsElsewhere(watched)) void this.#check(watched);
      else {
        this.#waiting.push(watched);
        this.#startWaiting();
      }
    });
  }

  /** Checks the destinations of these files from now on. Unchanged checks keep their states. */
  follow({ services, policy }: Pick<Desired, 'services' | 'policy'>): void {
    const next = new Map<DrainKey, Watched>();
    for (const [service, { health }] of policy?.services ?? [])
      for (const [key, own] of health?.destinations ?? []) {
        const destination = services.get(service)?.destinations.get(key);
        if (!destination) continue;
        const id = drainKey(service, key);
        const known = this.#watched.get(id);
        if (known && isSameCheck(known.health, own)) {
          known.health = own;
          known.destination = destination;
          next.set(id, known);
        } else next.set(id, this.#watch(id, service, destination, own));
      }
    this.#keep(next);
    this.#stored = undefined;
  }

  stop(): void {
    this.#keep(new Map());
    this.#cancelRamps?.();
  }

  #keep(next: Map<DrainKey, Watched>): void {
    for (const [id, watched] of this.#watched) if (next.get(id) !== watched) watched.isOver = true;
    this.#watched = next;
    this.#waiting = this.#waiting.filter(({ isOver }) => !isOver);
    this.#schedule.keep(({ isOver }) => !isOver);
  }

  /** The states for a plan. */
  get states(): HealthStates {
    return new Map(Array.from(this.#watched, ([id, watched]) => [id, stateOf(watched)]));
  }

  /** The states that a restart must not forget: those that differ from the first ones. */
  get notable(): HealthStates {
    const now = this.#ports.nowSeconds();
    const isNotable = ({ health, state, rampEndSeconds = 0 }: Watched): boolean =>
      state.isHealthy !== (health.initial === 'healthy') || rampEndSeconds > now;
    return new Map(
      [...this.#watched].flatMap(([id, watched]) =>
        isNotable(watched) ? [[id, stateOf(watched)] as const] : [],
      ),
    );
  }

  get destinations(): readonly CheckedDestination[] {
    return Array.from(this.#watched.values(), asChecked);
  }

  /** Returns undefined for a destination that is not checked. */
  find(service: ServiceKey, destination: Destination['key']): CheckedDestination | undefined {
    const watched = this.#watched.get(drainKey(service, destination));
    return watched && asChecked(watched);
  }

  #watch(
    id: DrainKey,
    service: ServiceKey,
    destination: Destination,
    health: DestinationHealth,
  ): Watched {
    const now = this.#ports.nowSeconds();
    const stored = this.#trusted(id, health, now);
    const first = firstState(stored?.isHealthy ?? health.initial === 'healthy', now);
    const state = stored ? { ...first, sinceSeconds: stored.sinceSeconds } : first;
    const phase = (this.#started++ * GOLDEN_RATIO) % 1;
    const due = this.#ports.clock.now() + phase * health.intervalSeconds * 1000;
    const watched: Watched = {
      ...{ service, destination, health, state, reason: stored?.reason ?? '', last: undefined },
      ...{ rampEndSeconds: stored?.rampEndSeconds, due, unknowns: 0, isOver: false },
    };
    this.#schedule.add(watched);
    if (stored?.rampEndSeconds !== undefined) this.#ramp();
    return watched;
  }

  #trusted(id: DrainKey, health: DestinationHealth, now: number): HealthState | undefined {
    const { savedSeconds = 0, states } = this.#stored ?? {};
    const seconds = Math.max(TRUSTED_SECONDS, TRUSTED_INTERVALS * health.intervalSeconds);
    return now - savedSeconds <= seconds ? states?.get(id) : undefined;
  }

  #startWaiting(): void {
    while (this.#running < MOST_AT_ONCE) {
      const watched = this.#waiting.shift();
      if (!watched) return;
      this.#running++;
      void this.#check(watched).then(() => {
        this.#running--;
        this.#startWaiting();
      });
    }
  }

  async #check(watched: Watched): Promise<void> {
    const { clock, check } = this.#ports;
    const { health, destination, service } = watched;
    const startedAt = clock.now();
    let waitedSeconds = 0;
    const onTurn = (seconds: number): boolean => {
      waitedSeconds += seconds;
      return !watched.isOver;
    };
    const answer = await check(health, destination, service, onTurn).catch((error: unknown) =>
      unknown(`cannot check: ${String(error)}`),
    );
    if (!watched.isOver) {
      const seconds = (clock.now() - startedAt) / 1000;
      this.#learn(watched, answer, Math.max(0, seconds - waitedSeconds));
      watched.due = Math.max(clock.now(), watched.due + this.#interval(watched.health));
      this.#schedule.add(watched);
    }
  }

  /** Returns the milliseconds to the next check. */
  #interval({ intervalSeconds, jitter }: DestinationHealth): number {
    const share = jitter === 0 ? 0 : jitter * (2 * this.#ports.random() - 1);
    return intervalSeconds * 1000 * (1 + share);
  }

  #learn(watched: Watched, answer: Answer, latencySeconds: number): void {
    const { onAnswer, onChange, onUnknown, onEffect, nowSeconds } = this.#ports;
    const atSeconds = nowSeconds();
    const { verdict, reason } = answer;
    watched.last = { verdict, reason, atSeconds, latencySeconds };
    onAnswer(watched.service, latencySeconds);
    watched.unknowns = verdict === 'unknown' ? watched.unknowns + 1 : 0;
    if (watched.unknowns === watched.health.fall) onUnknown(watched.service, reason);
    if (verdict === 'unknown') return;
    const isGood = verdict === 'good';
    if (!isGood) watched.reason = reason;
    const before = watched.state;
    watched.state = stateAfter(before, { isGood, atSeconds }, watched.health);
    if (watched.state.isHealthy === before.isHealthy) return;
    const { slowStartSeconds } = watched.health;
    watched.rampEndSeconds =
      isGood && slowStartSeconds > 0 ? atSeconds + slowStartSeconds : undefined;
    if (watched.rampEndSeconds !== undefined) this.#ramp();
    const { service, destination } = watched;
    onChange({ service, destination: destination.key, isHealthy: isGood, reason: answer.reason });
    onEffect();
  }

  /** Lets plans be made again every second for as long as a weight rises. */
  #ramp(): void {
    if (this.#cancelRamps) return;
    this.#cancelRamps = this.#ports.clock.after(RAMP_STEP_MILLISECONDS, () => {
      this.#cancelRamps = undefined;
      const now = this.#ports.nowSeconds();
      let isRising = false;
      for (const watched of this.#watched.values()) {
        if (watched.rampEndSeconds === undefined) continue;
        if (watched.rampEndSeconds > now) isRising = true;
        else watched.rampEndSeconds = undefined;
      }
      this.#ports.onEffect();
      if (isRising) this.#ramp();
    });
  }
}

/** Tells whether a check waits for its turn in the queue of the commands. */
function waitsElsewhere({ health }: Watched): boolean {
  return health.checks.some(isCommand);
}

function asChecked(watched: Watched): CheckedDestination {
  return { ...watched, isDamped: isHeldByDamping(watched.state, watched.health) };
}

function stateOf({ state, reason, rampEndSeconds }: Watched): HealthState {
  const { isHealthy, sinceSeconds } = state;
  const isRising = isHealthy && rampEndSeconds !== undefined;
  return { isHealthy, sinceSeconds, reason, ...(isRising && { rampEndSeconds }) };
}

/** Tells whether the answers of one check say the same about a destination as those of another. */
function isSameCheck(one: DestinationHealth, other: DestinationHealth): boolean {
  const text = ({ checks, port, from }: DestinationHealth): string =>
    JSON.stringify([checks, port, from]);
  return one === other || text(one) === text(other);
}
