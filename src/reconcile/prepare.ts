import type { Desired } from '../model/desired.ts';
import { type DrainRecord, type DrainStore, NO_DRAINS } from '../model/drain.ts';
import type { Ipvs, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import type { Drain, DrainClock } from '../plan/drain.ts';
import { recordAfter } from '../plan/drain-record.ts';
import { drainWarnings } from '../plan/drain-warnings.ts';
import { type Allowances, guard, type Refusal } from '../plan/guard.ts';
import { type Plan, plan } from '../plan/plan.ts';
import { type Selector, scope } from '../plan/scope.ts';
import { type SysctlDifference, sysctlDifferences } from '../plan/sysctls.ts';
import { MAX_READS, readsTheSame, unstable } from './read-again.ts';

export interface PrepareOptions {
  readonly allowances?: Allowances;
  /** Restricts the plan to the selected services. Everything else is left alone. */
  readonly only?: (live: Table) => Selector | undefined;
  /**
   * The record of drains. Without it, each run begins the drains anew, and a removed service is
   * deleted at once.
   */
  readonly drains?: DrainStore;
  /**
   * True when every difference is read a second time, and not only a deletion. For reports that no
   * execution verifies. Default: false.
   */
  readonly confirmsAll?: boolean;
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
  /** The record of drains after the plan. To be stored before its first operation. */
  readonly record: DrainRecord;
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
  desired: Desired,
  options: PrepareOptions = {},
): Promise<Prepared> {
  for (let reads = 1; reads <= MAX_READS; reads++) {
    const clock = await drainClock(options.drains);
    const snapshot = await ipvs.read({ sysctls: needsSysctls(desired, clock) });
    const only = options.only?.(snapshot.table);
    const scoped = scope(desired, snapshot, { only, drains: clock });
    const { table, foreign, drains, leaving } = scoped;
    const planned = plan(snapshot.table, table);
    if (await isConfirmed(ipvs, snapshot, planned, options.confirmsAll ?? false)) {
      const { allowances = {}, protectedServices = new Set() } = options;
      const refusals = guard(planned, {
        limits: desired.limits,
        allowances,
        foreign,
        protectedServices,
        drains,
        leaving,
        pending: clock.drains,
      });
      const isTouched = (service: ServiceKey): boolean =>
        !foreign.has(service) && (only?.(service) ?? true);
      return {
        snapshot,
        plan: planned,
        refusals,
        foreign,
        drains,
        record: recordAfter(clock, desired, table, drains, isTouched),
        sysctlDifferences: only
          ? []
          : sysctlDifferences(desired.policy?.sysctls, snapshot.table.sysctls),
        warnings: drainWarnings(scoped, snapshot.table),
      };
    }
  }
  throw unstable();
}

/**
 * Tells whether the sysctls must be read: the files set or check some, or some work against a
 * drain.
 */
function needsSysctls({ policy }: Desired, { policies }: DrainRecord): boolean {
  return (
    policies.size > 0 ||
    policy?.sysctls !== undefined ||
    [...(policy?.services.values() ?? [])].some(({ drain }) => drain !== undefined)
  );
}

async function drainClock(store: DrainStore | undefined): Promise<DrainClock> {
  return { ...((await store?.read()) ?? NO_DRAINS), now: store?.now() ?? 0 };
}

function isConfirmed(
  ipvs: Ipvs,
  { table }: Snapshot,
  { changes }: Plan,
  all: boolean,
): Promise<boolean> {
  const doubtful = new Set<ServiceKey>();
  for (const change of changes) {
    if ((all || !change.after) && (change.object === 'service' || change.object === 'destination'))
      doubtful.add(change.service);
  }
  return readsTheSame(ipvs, table, doubtful);
}
