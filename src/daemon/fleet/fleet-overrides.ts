import { IpvstateError, reportedError } from '../../errors.ts';
import {
  type FleetOverride,
  fleetOverridesKey,
  MAX_FLEET_OVERRIDES,
  type ReportedOverride,
} from '../../fleet/fleet-override.ts';
import type { Clock } from '../../model/clock.ts';
import {
  FLEET_OWNER,
  type FleetOverrideStore,
  isOver,
  type KnownFleetOverride,
  type Override,
} from '../../model/override.ts';
import { printable } from '../../model/printable.ts';
import type { LoopState } from '../../reconcile/loop/loop-state.ts';
import { describeTarget } from '../../render/override-report.ts';
import type { EtcdClient } from '../../sources/etcd/client.ts';
import {
  type FleetOverrides as FoundOverrides,
  type LeasedOverride,
  readFleetOverrides,
} from '../../sources/etcd/fleet-overrides.ts';
import { KeyWatch } from '../../sources/etcd/key-watch.ts';
import { secondsLeft } from '../../sources/etcd/leases.ts';
import type { Log } from '../log/log.ts';
import type { HeldOverrideStatus } from '../status/status.ts';
import { generationsOf } from './node-report.ts';
import { type Settled, settleOverrides, type TableOverrides } from './settle-overrides.ts';

interface FleetOverridesPorts {
  readonly client: EtcdClient;
  readonly prefix: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly kept: FleetOverrideStore;
  /** The clocks of overrides: the monotonic one in seconds, and the wall clock. */
  readonly now: () => number;
  readonly date: () => Date;
  readonly state: () => LoopState;
  readonly table: TableOverrides;
  /** Is told that the fleet is to have another report. */
  readonly onChange: () => void;
}

/**
 * Takes over the overrides that operators set for all directors. Their keys in etcd are watched.
 * While etcd cannot be read, or has lost data, the last known ones stay until their ends. A lease
 * tells the end of each when it is first seen; from then on, the clock of this machine does: etcd
 * makes leases longer when its leader changes.
 */
export class FleetOverrides {
  readonly #ports: FleetOverridesPorts;
  /** undefined: nothing is known yet, which is not the same as none. */
  #known: readonly KnownFleetOverride[] | undefined;
  #held: ReadonlyMap<string, string> = new Map();
  #problem: string | undefined;
  /** The revisions of values that cannot be read, by the id. */
  readonly #unreadable = new Map<string, string>();
  /** True once etcd was read: only then is an override that it lacks one that was ended. */
  #isRead = false;
  #watch: KeyWatch | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #settling: Promise<void> | undefined;
  #isDue = false;
  /** True while the table has the overrides that etcd has, and no others. */
  #isSettled = true;
  /** True when the last attempt ended with an error. */
  #hasFailed = false;
  /** The facts of the last attempt to put all into effect. undefined: another one is due. */
  #attempt: string | undefined;

  constructor(ports: FleetOverridesPorts) {
    this.#ports = ports;
  }

  /**
   * Reads the overrides that were kept. Returns those that are to be in effect before the first
   * pass: the guards have seen them before.
   */
  async open(): Promise<readonly Override[]> {
    this.#known = await this.#ports.kept.read();
    return this.#due.filter(({ isInEffect }) => isInEffect).map(({ override }) => override);
  }

  /** Begins to follow etcd. */
  start(): void {
    const { client, prefix, clock, random } = this.#ports;
    const refresh = (): Promise<boolean> => this.#refresh();
    const key = fleetOverridesKey(prefix);
    const seen = (): string => JSON.stringify(this.#known?.map(({ revision }) => revision));
    this.#watch = new KeyWatch({ client, key, clock, random, refresh, seen });
  }

  /** To be called with every new state of the loop. */
  changed(): void {
    if (!this.#isSettled) this.#settle();
  }

  async close(): Promise<void> {
    await this.#watch?.close();
    await this.#settling;
  }

  /** Why etcd does not tell the overrides. undefined: it does. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The overrides that are not in effect, each with the reason. */
  get held(): readonly HeldOverrideStatus[] {
    return this.#due.flatMap(({ id, override: { service, destination } }) => {
      const why = this.#held.get(id);
      return why === undefined || destination === null ? [] : { service, destination, why };
    });
  }

  get report(): readonly ReportedOverride[] {
    const now = this.#ports.now();
    return (this.#known ?? []).map(({ id, revision, override, isInEffect }) => {
      const stage = isOver(override, now) ? 'over' : isInEffect ? 'in-effect' : 'held';
      return { id, revision, stage, why: stage === 'held' ? (this.#held.get(id) ?? null) : null };
    });
  }

  get #due(): readonly KnownFleetOverride[] {
    const now = this.#ports.now();
    return (this.#known ?? []).filter(({ override }) => !isOver(override, now));
  }

  /** One read follows the other: an event can come while one goes on. */
  #refresh(): Promise<boolean> {
    const read = this.#reading.then(() => this.#read());
    this.#reading = read;
    return read;
  }

  async #read(): Promise<boolean> {
    const { client, prefix, state, kept } = this.#ports;
    try {
      const { in_force: own } = generationsOf(state());
      const found = await readFleetOverrides(client, prefix);
      refuseLost(found, own ?? 0, prefix);
      const known: KnownFleetOverride[] = [];
      for (const entry of found.overrides.slice(0, MAX_FLEET_OVERRIDES)) {
        const each = await this.#take(entry);
        if (each) known.push(each);
      }
      const isNew = JSON.stringify(known) !== JSON.stringify(this.#known);
      this.#known = known;
      if (isNew) await kept.write(known);
      this.#say(undefined);
    } catch (error) {
      this.#say(reportedError(error).message);
      return false;
    }
    this.#isRead = true;
    // A refusal of a guard stays one while its facts do. Other failures may be over.
    if (this.#hasFailed || this.#held.size === 0) this.#attempt = undefined;
    this.#hasFailed = false;
    this.#settle();
    return true;
  }

  /** Learns the end of an override once. One that became unreadable stays as it was. */
  async #take(entry: LeasedOverride): Promise<KnownFleetOverride | undefined> {
    const { client } = this.#ports;
    const { id, revision, lease, override } = entry;
    const before = this.#known?.find((each) => each.id === id);
    if (before?.revision === revision) return before;
    if (!override) {
      this.#sayUnreadable(entry, before !== undefined);
      return before && { ...before, revision };
    }
    const seconds = lease === undefined ? this.#secondsUntil(override) : secondsLeft(client, lease);
    return { id, revision, override: this.#overrideOf(override, await seconds), isInEffect: false };
  }

  /** Logs once that a value cannot be read. */
  #sayUnreadable({ id, revision, problem = '' }: LeasedOverride, isKnown: boolean): void {
    if (this.#unreadable.get(id) === revision) return;
    this.#unreadable.set(id, revision);
    const effect = isKnown ? 'the one from before stays' : 'it is not in effect';
    this.#ports.log.warn({ event: 'fleet-override' }, printable(`${problem}: ${effect}`));
  }

  /** A key without a lease was written by another program. */
  #secondsUntil({ until }: FleetOverride): number | undefined {
    if (until === null) return undefined;
    return (Date.parse(until) - this.#ports.date().getTime()) / 1000;
  }

  #overrideOf(found: FleetOverride, seconds: number | undefined): Override {
    const { service, destination, weight, by, reason, since } = found;
    return {
      ...{ service, destination, weight, owner: FLEET_OWNER, by, reason, since },
      ...(seconds !== undefined && { endSeconds: this.#ports.now() + seconds }),
    };
  }

  /** Settles soon. A call while that goes on makes it look again. */
  #settle(): void {
    this.#isDue = this.#isRead;
    if (this.#isDue) this.#settling ??= this.#settleWhileDue();
  }

  async #settleWhileDue(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      await this.#settleNow();
    }
    this.#settling = undefined;
  }

  async #settleNow(): Promise<void> {
    const { state, table } = this.#ports;
    const { config, pause } = state();
    const due = this.#due;
    const waiting = due.filter(({ isInEffect }) => !isInEffect);
    const hold = (why: string): Promise<void> => {
      this.#isSettled = false;
      return this.#learn(due, {
        inEffect: due.flatMap(({ id, isInEffect }) => (isInEffect ? id : [])),
        held: new Map(waiting.map(({ id }) => [id, why])),
      });
    };
    if (!config.good) return hold('no configuration is in force');
    if (pause) return hold('the daemon is paused');
    try {
      const attempt = factsOf(due, state());
      // A pass follows each attempt, and its new state asks for the next one.
      if (attempt === this.#attempt) return;
      this.#attempt = attempt;
      const settled = await settleOverrides(due, table);
      this.#isSettled = settled.isDone;
      await this.#learn(due, settled);
    } catch (error) {
      this.#hasFailed = true;
      await hold(reportedError(error).message);
    }
  }

  async #learn(
    due: readonly KnownFleetOverride[],
    { inEffect, held }: Omit<Settled, 'isDone'>,
  ): Promise<void> {
    const { log, kept, onChange } = this.#ports;
    const isNow = new Map(due.map(({ id, override }) => [override, inEffect.includes(id)]));
    for (const { id, override } of due) {
      const why = held.get(id);
      if (why === undefined || why === this.#held.get(id)) continue;
      const text = `${describeTarget(override)} is not in effect: ${why}`;
      log.warn({ event: 'fleet-override' }, printable(`the fleet's override of ${text}`));
    }
    this.#held = held;
    const before = this.#known ?? [];
    this.#known = before.map((each) => {
      const isInEffect = isNow.get(each.override) ?? each.isInEffect;
      return isInEffect === each.isInEffect ? each : { ...each, isInEffect };
    });
    if (this.#known.some((each, index) => each !== before[index])) await kept.write(this.#known);
    onChange();
  }

  /** Logs once that etcd does not tell the overrides, and that it does again. */
  #say(problem: string | undefined): void {
    const { log } = this.#ports;
    if (problem !== undefined && this.#problem === undefined)
      log.warn({ event: 'fleet-overrides-unknown' }, `the last known drains stay: ${problem}`);
    if (problem === undefined && this.#problem !== undefined)
      log.info({ event: 'fleet-overrides-known' }, 'the drains of the fleet are known again');
    this.#problem = problem;
  }
}

/** Throws when etcd lost its keys, or was put back: that the overrides are gone means nothing. */
function refuseLost({ generation }: FoundOverrides, own: number, prefix: string): void {
  if (generation === null)
    throw new IpvstateError('NO_INPUT', `no generation is in force in etcd:${prefix}`);
  if (generation < own)
    throw new IpvstateError(
      'NO_INPUT',
      `etcd:${prefix} went back from generation ${own} to ${generation}: it may be an old backup`,
    );
}

/** Returns a text that differs when another attempt can have another result. */
function factsOf(due: readonly KnownFleetOverride[], state: LoopState): string {
  return JSON.stringify([
    due.map(({ id, revision }) => [id, revision]),
    state.config.good?.digest,
    state.checked.map(({ service, destination, effect }) => [service, destination, effect]),
    state.overrides.map(({ service, destination, weight }) => [service, destination, weight]),
    ...[state.unserved, state.totals.drifted, state.drift === undefined],
  ]);
}
