import type { Desired } from '../model/desired.ts';
import {
  type DrainKey,
  type DrainStore,
  drainKey,
  type PendingDrain,
  parseDrainKey,
} from '../model/drain.ts';
import type { Ipvs, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import { type Drain, type DrainClock, drainWarnings } from '../plan/drain.ts';
import { type Allowances, guard, type Refusal } from '../plan/guard.ts';
import { type Plan, plan } from '../plan/plan.ts';
import { type Selector, scope } from '../plan/scope.ts';
import { type SysctlDifference, sysctlDifferences } from '../plan/sysctls.ts';
import { MAX_READS, readsTheSame, unstable } from './read-again.ts';

export interface PrepareOptions {
  readonly allowances?: Allowances;
  /** Restricts the plan to the selected services. Everything else is left alone. */
  readonly only?: (live: Table) => Selector | undefined;
  /** The stored deadlines of drains. Without a store, each run begins the drains anew. */
  readonly drains?: DrainStore;
  /**
   * Whether every difference is read a second time, and not only a deletion. For reports that no
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
  /** All drains after the plan. To be stored before its first operation. */
  readonly pending: ReadonlyMap<DrainKey, PendingDrain>;
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
    const snapshot = await ipvs.read({ sysctls: needsSysctls(desired) });
    const only = options.only?.(snapshot.table);
    const clock = await drainClock(options.drains);
    const { table, foreign, drains } = scope(desired, snapshot, { only, drains: clock });
    const planned = plan(snapshot.table, table);
    if (await isConfirmed(ipvs, snapshot, planned, options.confirmsAll ?? false)) {
      const { allowances = {}, protectedServices = new Set() } = options;
      const refusals = guard(planned, {
        limits: desired.limits,
        allowances,
        foreign,
        protectedServices,
      });
      return {
        snapshot,
        plan: planned,
        refusals,
        foreign,
        drains,
        pending: pendingAfter(desired, only, clock, drains),
        sysctlDifferences: only
          ? []
          : sysctlDifferences(desired.policy?.sysctls, snapshot.table.sysctls),
        warnings: drainWarnings(drains, snapshot.table, table),
      };
    }
  }
  throw unstable();
}

/** Whether the sysctls must be read: the files set or check some, or some work against a drain. */
function needsSysctls({ policy }: Desired): boolean {
  if (!policy) return false;
  return (
    policy.sysctls !== undefined ||
    [...policy.services.values()].some(({ drainSeconds }) => drainSeconds !== undefined)
  );
}

async function drainClock(store: DrainStore | undefined): Promise<DrainClock> {
  return { now: store?.now() ?? 0, pending: (await store?.read()) ?? new Map() };
}

/** The drains after a plan. Those of services outside the plan stay as they were. */
function pendingAfter(
  desired: Desired,
  only: Selector | undefined,
  clock: DrainClock,
  drains: readonly Drain[],
): Prepared['pending'] {
  const pending = new Map<DrainKey, PendingDrain>();
  for (const [key, begun] of clock.pending) {
    const { service } = parseDrainKey(key);
    if (only ? !only(service) : !desired.services.has(service)) pending.set(key, begun);
  }
  for (const { service, destination, deadlineSeconds, weight } of drains) {
    pending.set(drainKey(service, destination), { deadlineSeconds, weight });
  }
  return pending;
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
