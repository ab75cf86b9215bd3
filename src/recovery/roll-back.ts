import type { Ipvs, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import { type Allowances, guardUnserved, type Refusal } from '../plan/guard.ts';
import { type Plan, plan } from '../plan/plan.ts';
import type { Report } from '../plan/report.ts';
import type { RolledBack } from '../plan/roll-back/roll-back.ts';
import { isStale } from '../reconcile/execute.ts';
import { MAX_READS, readsTheSame, unstable } from '../reconcile/read-again.ts';
import { executePlan, type ReconcileOptions } from '../reconcile/reconcile.ts';
import { rolledBackTable } from '../reconcile/roll-back.ts';
import type { StoredPass } from './records/records.ts';
import { loadPass } from './records/stored-pass.ts';

/** After so many attempts, a rollback gives up against another writer. */
const MAX_ATTEMPTS = 3;

/** The way back over what earlier runs did. */
export interface WayBack {
  /** True when it sets sysctls, so that the table must be read with them. */
  readonly setsSysctls: boolean;
  /** Returns the live table with the earlier runs rolled back. */
  readonly rollBack: (live: Table) => RolledBack;
}

/** The way back over passes that a run stored before it wrote. Throws `CONFIG` for damaged ones. */
export function wayOverPasses(passes: readonly StoredPass[]): WayBack {
  return {
    setsSysctls: passes.some(({ sysctls }) => sysctls !== undefined),
    rollBack: (live) =>
      rolledBackTable(
        passes.map((pass) => loadPass(pass, live)),
        live,
      ),
  };
}

interface RollbackPlan {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  readonly refusals: readonly Refusal[];
  /** Objects that another program changed since. The plan leaves them alone. */
  readonly contested: readonly string[];
}

/**
 * Plans a rollback. With `allowances`, the guard `unserved` checks the plan: an operator asked for
 * it. Without them nothing refuses it: a failed run or a try must always go back. Throws what
 * reading throws, and `UNSTABLE`.
 */
export async function planRollback(
  ipvs: Ipvs,
  way: WayBack,
  allowances?: Allowances,
): Promise<RollbackPlan> {
  for (let reads = 1; reads <= MAX_READS; reads++) {
    const snapshot = await ipvs.read({ sysctls: way.setsSysctls });
    const { table: live } = snapshot;
    const target = way.rollBack(live);
    const kept = keepInexpressible(target.table, snapshot);
    const planned = plan(live, kept.table);
    if (await isStable(ipvs, planned))
      return {
        snapshot,
        plan: planned,
        refusals: allowances ? guardUnserved(planned, new Set(), allowances) : [],
        contested: [...new Set([...target.contested, ...kept.contested])],
      };
  }
  throw unstable();
}

/**
 * Keeps a service into which another program put a setting that no file can express: deleting the
 * service would delete that too.
 */
function keepInexpressible(
  target: Table,
  { table: live, unmanageable }: Snapshot,
): { table: Table; contested: string[] } {
  const services = new Map(target.services);
  const contested: string[] = [];
  for (const { service } of unmanageable) {
    const key = service as ServiceKey;
    const entry = live.services.get(key);
    if (!entry || services.has(key)) continue;
    services.set(key, entry);
    contested.push(key);
  }
  return { table: { ...target, services }, contested };
}

/**
 * Tells whether a second read agrees. A read beside another writer can lack destinations, which
 * deleting their service would delete too.
 */
function isStable(ipvs: Ipvs, { live, changes }: Plan): Promise<boolean> {
  const touched = new Set<ServiceKey>();
  for (const change of changes) if ('service' in change) touched.add(change.service);
  return readsTheSame(ipvs, live, touched);
}

/**
 * Rolls back every object that is still as the earlier runs left it, and verifies. Reads and plans
 * again when another writer was faster, or when an answer was lost. `onPlan` and `confirm` are
 * called for the first attempt only. Contested objects make the outcome `partial`. `allowances` are
 * those of `planRollback`.
 */
export async function executeRollback(
  ipvs: Ipvs,
  way: WayBack,
  options: ReconcileOptions = {},
): Promise<Report> {
  let done = 0;
  for (let attempt = 1; ; attempt++) {
    const planned = await planRollback(ipvs, way, options.allowances);
    const { plan, snapshot, refusals, contested } = planned;
    const { onPlan: _onPlan, confirm: _confirm, ...rest } = options;
    const report = await executePlan(ipvs, plan, snapshot, {
      ...(attempt === 1 ? options : rest),
      refusals,
      onError: 'continue',
    });
    done += report.done;
    if (attempt < MAX_ATTEMPTS && isWorthAnother(report)) continue;
    return conclude({ ...report, passes: attempt, done }, contested);
  }
}

function isWorthAnother({ outcome, failures, error }: Report): boolean {
  return (
    outcome === 'partial' &&
    error?.code !== 'ABORTED' &&
    (error !== undefined || (failures.length > 0 && failures.every(isStale)))
  );
}

function conclude(report: Report, contested: readonly string[]): Report {
  const isDone = report.outcome === 'applied' || report.outcome === 'in-sync';
  // A guard can refuse a later attempt, when another writer took the last usable destination.
  if (report.outcome === 'refused')
    return { ...report, outcome: report.done > 0 ? 'partial' : 'refused' };
  if (contested.length === 0)
    return isDone && report.done > 0 ? { ...report, outcome: 'applied' } : report;
  return { ...report, outcome: isDone ? 'partial' : report.outcome, contested };
}
