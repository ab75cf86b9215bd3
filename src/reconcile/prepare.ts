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
import type { Drain, DrainClock } from '../plan/drain.ts';
import { drainWarnings } from '../plan/drain-warnings.ts';
import { type Allowances, guard, type Refusal } from '../plan/guard.ts';
import { type Plan, plan } from '../plan/plan.ts';
import { type Selector, scope } from '../plan/scope.ts';
import { type SysctlDifference, sysctlDifferences } from '../plan/sysctls.ts';
import { MAX_READS, readsTheSame, unstable } from './read-again.ts';

export interface PrepareOptions {
  readonly allowances?: Allowances;
  /** Restricts the plan to the services it selects, given the live table; everything else is left alone. */
  readonly only?: (live: Table) => Selector | undefined;
  /** Where deadlines of drains are kept; without it each run begins them anew. */
  readonly drains?: DrainStore;
  /** Whatever differs is read a second time, not only what would be deleted: for what is reported and not executed. Default false. */
  readonly confirmsAll?: boolean;
  /** Services that were protected when they were last applied; those that the files protect now are added. */
  readonly protectedServices?: ReadonlySet<ServiceKey>;
}

export interface Prepared {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** Guards that tripped: the plan must not be executed. */
  readonly refusals: readonly Refusal[];
  /** Live services that the files are not responsible for. */
  readonly foreign: ReadonlySet<ServiceKey>;
  /** Removed destinations that keep their connections for a while. */
  readonly drains: readonly Drain[];
  /** All that is draining once the plan is executed: to be stored before its first operation. */
  readonly pending: ReadonlyMap<DrainKey, PendingDrain>;
  /** Sysctls that are only checked, and differ. */
  readonly sysctlDifferences: readonly SysctlDifference[];
  /** What works against the plan, in sentences. */
  readonly warnings: readonly string[];
}

/**
 * Reads the live table and plans. A kernel dump is no consistent picture: what another writer does meanwhile can hide entries from it,
 * so whatever the plan would delete, or take something from, is read a second time and must be the same. Throws `UNSTABLE`.
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

/** Also where something drains: some of them work against that. */
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

/** Drains of services that this plan does not look at go on as they were. */
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
