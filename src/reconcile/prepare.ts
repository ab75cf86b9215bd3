import type { HealthClock, HealthNote } from '../health/effect.ts';
import type { Desired } from '../model/desired.ts';
import { type DrainKey, type DrainRecord, drainedService } from '../model/drain.ts';
import type { HealthSource } from '../model/health.ts';
import type { Ipvs, Snapshot } from '../model/ipvs.ts';
import type { OverrideRecord, OverrideStore } from '../model/override.ts';
import type { ServiceKey } from '../model/service.ts';
import { countEntries, type RunStage, runStage, type StageCounts } from '../model/stage.ts';
import type { Table } from '../model/table.ts';
import type { Drain } from '../plan/drain/drain.ts';
import { recordAfter, recordAfterPlan } from '../plan/drain/drain-record.ts';
import { drainWarnings } from '../plan/drain/drain-warnings.ts';
import { type Allowances, guard, type Refusal } from '../plan/guard.ts';
import { healthWarnings } from '../plan/health-warnings.ts';
import { concernedDestinations } from '../plan/overrides/override-request.ts';
import { overridesAfterNarrow, scopeOverrides } from '../plan/overrides/override-scope.ts';
import {
  acceptedServices,
  afterFalls,
  type OverrideClock,
  type OverrideNote,
  overridesAfter,
} from '../plan/overrides/overrides.ts';
import { type Plan, plan } from '../plan/plan.ts';
import { type Scoped, type Selector, scope } from '../plan/scope.ts';
import { type SysctlDifference, sysctlDifferences } from '../plan/sysctls.ts';
import { MAX_READS, readsTheSame, unstable } from './read-again.ts';
import { type RecordStores, type RunRecords, readRecords } from './stored-records.ts';

/** The desired state, or a function that makes it of the live table. */
export type Wanted = Desired | ((live: Table) => Desired);

/** The tables that a proposal of overrides is about. */
export interface OverrideView {
  readonly desired: Desired;
  readonly live: Table;
  /** The monotonic clock, in seconds, and the wall clock. */
  readonly now: number;
  readonly date: Date;
}

/** Without the record of drains, they begin anew, and a removed service is deleted at once. */
export interface PrepareOptions extends RecordStores {
  readonly allowances?: Allowances;
  /** Restricts the plan to the selected services. Everything else is left alone. */
  readonly only?: (live: Table) => Selector | undefined;
  /**
   * Returns other overrides than those that are stored. They are stored right before the first
   * operation of their plan: a refused plan leaves no override. Called before `concerned`.
   */
  readonly propose?: (stored: OverrideRecord, view: OverrideView) => OverrideRecord;
  /**
   * Restricts the plan to the weights of these destinations, as overrides and files say. Everything
   * else stays as it is live.
   */
  readonly concerned?: () => ReadonlySet<DrainKey>;
  /** True when the plan is made as if there were no overrides. They stay stored. */
  readonly ignoresOverrides?: boolean;
  /**
   * True when every difference is read a second time, and not only a deletion. For reports that no
   * execution verifies. Default: false.
   */
  readonly confirmsAll?: boolean;
  /** Runs each stage. By default nobody watches. */
  readonly stage?: RunStage;
  /**
   * Services that were protected when they were last applied. The services that the files protect
   * now are added.
   */
  readonly protectedServices?: ReadonlySet<ServiceKey>;
}

export interface Prepared {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** Guards that refuse the plan: it must not be executed. */
  readonly refusals: readonly Refusal[];
  /** Live services that the files do not manage. */
  readonly foreign: ReadonlySet<ServiceKey>;
  /** Removed destinations that keep their connections until a deadline. */
  readonly drains: readonly Drain[];
  /** Destinations whose weights overrides set. */
  readonly overrides: readonly OverrideNote[];
  /** All overrides, as the plan has them. */
  readonly overrideClock: OverrideClock;
  /** Destinations that health treats. */
  readonly health: readonly HealthNote[];
  /** The states of the checks, as the plan has them. */
  readonly healthClock: HealthClock;
  /** The records after the plan. To be stored before its first operation. */
  readonly records: RunRecords;
  /** Differing sysctls that the files check and do not enforce. */
  readonly sysctlDifferences: readonly SysctlDifference[];
  /** Settings that work against the plan, each in a sentence. */
  readonly warnings: readonly string[];
}

/**
 * Reads the live table and plans. A read beside another writer can lack entries that exist. So
 * every service that the plan deletes, or takes a destination from, is read a second time, and both
 * reads must agree. Throws `UNSTABLE`.
 */
export async function prepare(
  ipvs: Ipvs,
  wanted: Wanted,
  options: PrepareOptions = {},
): Promise<Prepared> {
  const { stage = runStage } = options;
  for (let reads = 1; reads <= MAX_READS; reads++) {
    const stored = await readRecords(options);
    const health = await readHealth(options.health);
    const sysctls = needsSysctls(wanted, stored.drains);
    const snapshot = await stage(
      'read-table',
      () => ipvs.read({ sysctls }),
      ({ table }) => countEntries(table),
    );
    const { table: live } = snapshot;
    const desired = typeof wanted === 'function' ? wanted(live) : wanted;
    const clock = { ...stored.drains, now: options.drains?.now() ?? 0 };
    const time = overrideTime(options.overrides);
    const record = options.propose?.(stored.overrides, { desired, live, ...time });
    const overrides = { ...(record ?? stored.overrides), ...time };
    const only = options.only?.(live);
    const concerned = options.concerned?.();
    const inForce = options.ignoresOverrides ? { ...overrides, overrides: [] } : overrides;
    const scopeWith = (given: OverrideClock, weights = concerned): Scoped =>
      weights
        ? scopeOverrides(desired, snapshot, clock, given, health, weights)
        : scope(desired, snapshot, { only, drains: clock, health, overrides: given });
    const scoped = scopeWith(inForce);
    const { table, foreign, drains, leaving, overrides: notes } = scoped;
    const planned = await stage('plan', () => plan(live, table), countPlan);
    if (await isConfirmed(ipvs, snapshot, planned, options)) {
      const { allowances = {}, protectedServices = new Set() } = options;
      const fallen = afterFalls(inForce);
      const falling =
        fallen &&
        concerned &&
        ofServicesOf(concerned, concernedDestinations(inForce, fallen, { live, ...time }, false));
      const refusals = guard(planned, {
        limits: desired.limits,
        allowances,
        foreign,
        protectedServices,
        drains,
        leaving,
        pending: clock.drains,
        health: scoped.health,
        accepted: acceptedServices(notes, live),
        afterFalls:
          fallen &&
          plan(live, scopeWith(fallen, falling && new Set([...concerned, ...falling])).table),
      });
      const isTouched = (service: ServiceKey): boolean =>
        !foreign.has(service) && (only?.(service) ?? true);
      const isPlanned = (service: ServiceKey | null): boolean =>
        only === undefined || (service !== null && only(service));
      return {
        snapshot,
        plan: planned,
        refusals,
        foreign,
        drains,
        overrides: notes,
        overrideClock: overrides,
        health: scoped.health,
        healthClock: health,
        records: concerned
          ? {
              drains: recordAfterPlan(clock, table, []),
              overrides: overridesAfterNarrow(overrides, scoped, concerned),
            }
          : {
              drains: recordAfter(clock, desired, table, drains, isTouched),
              overrides: overridesAfter(overrides, notes, isPlanned, foreign),
            },
        sysctlDifferences:
          only || concerned ? [] : sysctlDifferences(desired.policy?.sysctls, live.sysctls),
        warnings: [
          ...drainWarnings(scoped, live),
          ...healthWarnings(desired, scoped, live, health),
        ],
      };
    }
  }
  throw unstable();
}

/** Returns the destinations whose services a plan is about: no ramp elsewhere holds it back. */
function ofServicesOf(
  concerned: ReadonlySet<DrainKey>,
  destinations: ReadonlySet<DrainKey>,
): ReadonlySet<DrainKey> {
  const services = new Set([...concerned].map(drainedService));
  return new Set([...destinations].filter((key) => services.has(drainedService(key))));
}

/**
 * Tells whether the sysctls must be read: the files set or check some, or some work against a drain
 * or the health of destinations.
 */
function needsSysctls(wanted: Wanted, { policies }: DrainRecord): boolean {
  const { policy } = typeof wanted === 'function' ? {} : wanted;
  return (
    policies.size > 0 ||
    policy?.sysctls !== undefined ||
    [...(policy?.services.values() ?? [])].some(({ drain, health }) => drain ?? health)
  );
}

function countPlan({ changes, waves }: Plan): StageCounts {
  const operations = waves.reduce((sum, { steps }) => sum + steps.length, 0);
  return { change: changes.length, operation: operations, wave: waves.length };
}

/** A table in a file has no checks. */
export async function readHealth(source: HealthSource | undefined): Promise<HealthClock> {
  return {
    states: (await source?.read()) ?? new Map(),
    isChecking: source?.isChecking ?? false,
    now: source?.now() ?? 0,
  };
}

/** A table in a file has no overrides, and needs no time. */
export function overrideTime(
  store: OverrideStore | undefined,
): Pick<OverrideClock, 'now' | 'date'> {
  return { now: store?.now() ?? 0, date: store?.date() ?? new Date(0) };
}

function isConfirmed(
  ipvs: Ipvs,
  { table }: Snapshot,
  { changes }: Plan,
  { confirmsAll = false, stage }: PrepareOptions,
): Promise<boolean> {
  const doubtful = new Set<ServiceKey>();
  for (const change of changes) {
    if (
      (confirmsAll || !change.after) &&
      (change.object === 'service' || change.object === 'destination')
    )
      doubtful.add(change.service);
  }
  return readsTheSame(ipvs, table, doubtful, stage);
}
