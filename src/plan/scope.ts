import { IpvstateError } from '../errors.ts';
import { type HealthClock, type HealthNote, withHealth, withoutRemoved } from '../health/effect.ts';
import type { Desired } from '../model/desired.ts';
import type { DestinationKey } from '../model/destination.ts';
import { drainKey, NO_DRAINS } from '../model/drain.ts';
import type { Snapshot } from '../model/ipvs.ts';
import { NO_OVERRIDES } from '../model/override.ts';
import { isManaged, type Policy } from '../model/policy.ts';
import { findMixedFamily } from '../model/rules.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Daemon } from '../model/settings.ts';
import type { ServiceEntry, Table } from '../model/table.ts';
import { wildcardMatcher } from '../model/wildcard.ts';
import {
  type Drain,
  type DrainClock,
  type Drained,
  drain,
  type OverdueDrain,
} from './drain/drain.ts';
import {
  type OverrideClock,
  type OverrideNote,
  type Overriding,
  overriding,
} from './overrides/overrides.ts';
import { preserve } from './preserve.ts';
import { enforcedSysctls } from './sysctls.ts';

/** Tells whether a plan may touch a service. */
export type Selector = (service: ServiceKey) => boolean;

export interface ScopeOptions {
  readonly only?: Selector | undefined;
  /**
   * Needed when a policy drains; without it every drain begins anew, and no removed service drains.
   */
  readonly drains?: DrainClock;
  /** The overrides that act on the services of the files. */
  readonly overrides?: OverrideClock;
  /** The states of the checks. Without them, each destination is as healthy as at first. */
  readonly health?: HealthClock;
}

/** The desired state of the whole table. */
export interface Scoped {
  readonly table: Table;
  /** Live services that the files are not responsible for. */
  readonly foreign: ReadonlySet<ServiceKey>;
  readonly drains: readonly Drain[];
  /**
   * Destinations that are deleted with open connections, because the time of their drains is over.
   */
  readonly overdue: readonly OverdueDrain[];
  /** Services that no file has any more, which stay until their destinations have drained. */
  readonly leaving: ReadonlySet<ServiceKey>;
  /** Destinations whose weights overrides set. */
  readonly overrides: readonly OverrideNote[];
  /** Destinations that health treats. */
  readonly health: readonly HealthNote[];
}

const NEVER_DRAINED: DrainClock = { now: 0, ...NO_DRAINS };
const NEVER_CHECKED: HealthClock = { states: new Map(), isChecking: false, now: 0 };
const NEVER_OVERRIDDEN: OverrideClock = { now: 0, date: new Date(0), ...NO_OVERRIDES };

/**
 * Completes a desired state to a whole table. Whatever the files do not change is copied from the
 * live table, so that the diff is plain equality without exceptions. Copied are: services outside
 * of what the files manage, settings that no file mentions, values that a policy preserves, and
 * objects that no file can express. With `only`, the services that it leaves out and all settings
 * are copied as well.
 *
 * Throws `REFUSED` where a file claims an object that no file can express, or asks for objects that
 * exclude each other in the kernel, and `UNAVAILABLE` for sysctls that this kernel does not have.
 */
export function scope(desired: Desired, snapshot: Snapshot, options: ScopeOptions = {}): Scoped {
  const { table: live } = snapshot;
  const { only, drains: clock = NEVER_DRAINED, overrides = NEVER_OVERRIDDEN } = options;
  const { health = NEVER_CHECKED } = options;
  const { manage } = desired.policy ?? {};
  const override = overriding(overrides);
  const services = new Map<ServiceKey, ServiceEntry>();
  const foreign = new Set<ServiceKey>();
  const drained: Drained[] = [];
  const notes: OverrideNote[] = [];
  const healthNotes: HealthNote[] = [];
  for (const [key, { service }] of live.services)
    if (manage && !isManaged(manage, service.identity)) foreign.add(key);
  for (const [key, entry] of desired.services) {
    if (only && !only(key)) continue;
    const preserved = preserveLive(entry, desired.policy, live, clock, overrides.held);
    const found = live.services.get(key);
    const checked = checkedEntry(preserved.entry, found, desired.policy, health, override);
    for (const note of checked.notes) healthNotes.push(note);
    const overridden = foreign.has(key) ? undefined : override(checked.entry, preserved.weights);
    for (const note of overridden?.notes ?? []) notes.push(note);
    const treated = drainRemoved(
      overridden?.entry ?? checked.entry,
      desired.policy,
      snapshot,
      clock,
      overrides.held,
    );
    // Health cuts connections where it removes a destination: that is no drain.
    services.set(key, withoutRemoved(treated.entry, checked.notes));
    drained.push(treated);
  }
  for (const [key, entry] of live.services)
    if (foreign.has(key) || (only && !only(key))) services.set(key, entry);
  for (const key of keepUnmanageable(services, snapshot)) foreign.add(key);
  const leaving = new Set<ServiceKey>();
  for (const [key, policy] of clock.policies) {
    const entry = live.services.get(key);
    if (!entry || services.has(key)) continue;
    const treated = drain(undefined, entry, policy, snapshot.counters.get(key), clock);
    drained.push(treated);
    if (treated.drains.length === 0) continue;
    services.set(key, treated.entry);
    leaving.add(key);
  }
  const daemons =
    desired.daemons && !only ? completeDaemons(desired.daemons, live.daemons) : live.daemons;
  if (daemons.length > 0) refuseMixedFamily(services);
  const timeouts = only ? live.timeouts : { ...live.timeouts, ...desired.timeouts };
  const sysctls = only ? undefined : enforcedSysctls(desired.policy?.sysctls, live.sysctls);
  return {
    table: { services, timeouts, daemons, ...(sysctls && { sysctls }) },
    foreign,
    drains: drained.flatMap(({ drains }) => drains),
    overdue: drained.flatMap(({ overdue }) => overdue),
    leaving,
    overrides: notes,
    health: healthNotes,
  };
}

/**
 * Returns a desired service with the weights that the health of its destinations leads to. Where an
 * override sets a weight, health does not: an operator's word counts more.
 */
export function checkedEntry(
  entry: ServiceEntry,
  live: ServiceEntry | undefined,
  policy: Policy | undefined,
  clock: HealthClock,
  override: Overriding,
): ReturnType<typeof withHealth> {
  const health = policy?.services.get(entry.service.key)?.health;
  if (!health) return { entry, notes: [] };
  const { notes } = override(entry, new Set());
  const weights = new Map(notes.map(({ destination, weight }) => [destination, weight]));
  return withHealth(entry, live, health, clock, ({ key }) => weights.get(key));
}

/** Returns a desired service with the live values that the policy preserves, and whose weights. */
export function preserveLive(
  entry: ServiceEntry,
  policy: Policy | undefined,
  live: Pick<Table, 'services'>,
  { drains }: DrainClock,
  held: OverrideClock['held'],
): { readonly entry: ServiceEntry; readonly weights: ReadonlySet<DestinationKey> } {
  const { key } = entry.service;
  const own = policy?.services.get(key);
  const found = live.services.get(key);
  if (!own || !found) return { entry, weights: new Set() };
  const weights = [...own.preserve].flatMap(([name, { weight }]) =>
    weight && found.destinations.has(name) ? [name] : [],
  );
  return { entry: preserve(entry, found, own, drains, held), weights: new Set(weights) };
}

/** Keeps the destinations that a desired service no longer has, as its policy drains them. */
function drainRemoved(
  entry: ServiceEntry,
  policy: Policy | undefined,
  { table, counters }: Snapshot,
  clock: DrainClock,
  held: OverrideClock['held'],
): Drained {
  const { key } = entry.service;
  const own = policy?.services.get(key)?.drain;
  const live = table.services.get(key);
  if (!own || !live) return { entry, drains: [], overdue: [] };
  const drained = drain(entry, live, own, counters.get(key), clock);
  // The live weight of what drains can be that of an override, which ends with the removal.
  const drains = drained.drains.map((each) => {
    const id = drainKey(each.service, each.destination);
    const weight = clock.drains.has(id) ? undefined : held.get(id);
    return weight === undefined ? each : { ...each, weight };
  });
  return { ...drained, drains };
}

/**
 * Refuses a table that runs a sync daemon, or is to run one, beside a destination of another
 * family.
 */
function refuseMixedFamily(services: ReadonlyMap<ServiceKey, ServiceEntry>): void {
  const mixed = findMixedFamily(services);
  if (!mixed) return;
  throw new IpvstateError('REFUSED', mixed.message, {
    hint: 'Take the destination out, or let no daemon run: sync_daemons: [].',
  });
}

/**
 * Keeps a service that holds an object that no file can express, because deleting the service would
 * delete the object. Returns the kept services that no file declares.
 */
function keepUnmanageable(
  services: Map<ServiceKey, ServiceEntry>,
  snapshot: Snapshot,
): ServiceKey[] {
  const kept: ServiceKey[] = [];
  for (const { service, destination, reason } of snapshot.unmanageable) {
    const key = service as ServiceKey;
    const declared = services.get(key);
    const isDeclared =
      destination === undefined
        ? declared !== undefined
        : declared?.destinations.has(destination as DestinationKey);
    if (isDeclared) {
      const subject = destination === undefined ? service : `${destination} of ${service}`;
      throw new IpvstateError('REFUSED', `${subject} exists in the kernel with ${reason}`, {
        hint: [
          'No file can express that, so it is left alone.',
          'Delete it with the tool that made it, or take it out of the file.',
        ].join(' '),
      });
    }
    const live = snapshot.table.services.get(key);
    if (!declared && live) {
      services.set(key, live);
      kept.push(key);
    }
  }
  return kept;
}

/**
 * Completes daemons of which no file gives the length. The kernel chooses it by the MTU of the
 * interface, and every choice is right.
 */
export function completeDaemons(
  desired: readonly Daemon[],
  live: readonly Daemon[],
): readonly Daemon[] {
  return desired.map((daemon) => {
    const running = live.find(
      (other) => other.role === daemon.role && other.interface === daemon.interface,
    );
    return daemon.maxLength === 0 && running ? { ...daemon, maxLength: running.maxLength } : daemon;
  });
}

/**
 * Parses the values of `--only`: a service by its address (`tcp://192.0.2.10:443`, `fwmark:7`) or
 * by its name, with `*` for any characters. Each must match a service, desired or live: a misspelt
 * one would otherwise look like "nothing to do".
 */
export function parseSelectors(
  texts: readonly string[],
  desired: Desired,
  live: Pick<Table, 'services'>,
): Selector | undefined {
  if (texts.length === 0) return undefined;
  const selected = new Set<ServiceKey>();
  for (const text of texts) {
    const matches = wildcardMatcher(text);
    const found = [...desired.services.keys(), ...live.services.keys()].filter((key) => {
      const name = desired.names.get(key);
      return matches(key) || (name !== undefined && matches(name));
    });
    if (found.length === 0) {
      throw new IpvstateError('USAGE', `--only ${text} matches no service, desired or live`, {
        hint: [
          'Write it as in the plan, such as tcp://192.0.2.10:443 or fwmark:7,',
          'or use the name in the file; * stands for any characters.',
        ].join(' '),
      });
    }
    for (const key of found) selected.add(key);
  }
  return (key) => selected.has(key);
}
