import type { Ipvs, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import { type Plan, plan } from '../plan/plan.ts';
import type { Report } from '../plan/report.ts';
import { isStale } from '../reconcile/execute.ts';
import { MAX_READS, readsTheSame, unstable } from '../reconcile/read-again.ts';
import { executePlan, type ReconcileOptions } from '../reconcile/reconcile.ts';
import { undo } from '../reconcile/roll-back.ts';
import type { StoredPass } from './records/records.ts';
import { loadPass } from './records/stored-pass.ts';

/** Times that going back is tried before another writer has won. */
const MAX_ATTEMPTS = 3;

export interface UndoPlan {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** What somebody else changed meanwhile: left alone. */
  readonly contested: readonly string[];
}

/** Plans the way back from what earlier runs did. Throws what reading throws, and `UNSTABLE`. */
export async function planUndo(ipvs: Ipvs, passes: readonly StoredPass[]): Promise<UndoPlan> {
  for (let reads = 1; reads <= MAX_READS; reads++) {
    const snapshot = await ipvs.read({
      sysctls: passes.some(({ sysctls }) => sysctls !== undefined),
    });
    const { table: live } = snapshot;
    const undone = undo(
      passes.map((pass) => loadPass(pass, live)),
      live,
    );
    const kept = keepInexpressible(undone.table, snapshot);
    const planned = plan(live, kept.table);
    if (await isStable(ipvs, planned))
      return {
        snapshot,
        plan: planned,
        contested: [...new Set([...undone.contested, ...kept.contested])],
      };
  }
  throw unstable();
}

/** A service of ours that somebody has put something into that no file can express stays: deleting it would delete that too. */
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

/** A dump that another writer tore could hide what deleting a service takes with it. */
function isStable(ipvs: Ipvs, { live, changes }: Plan): Promise<boolean> {
  const touched = new Set<ServiceKey>();
  for (const change of changes) if ('service' in change) touched.add(change.service);
  return readsTheSame(ipvs, live, touched);
}

/**
 * Goes back as far as what was done is still so, and reads back. Reads and plans again when another writer was faster or an answer was lost.
 * `onPlan` and `confirm` of the options concern the first attempt; contested objects make the outcome `partial`.
 */
export async function executeUndo(
  ipvs: Ipvs,
  passes: readonly StoredPass[],
  options: ReconcileOptions = {},
): Promise<Report> {
  let done = 0;
  for (let attempt = 1; ; attempt++) {
    const { plan: planned, snapshot, contested } = await planUndo(ipvs, passes);
    const { onPlan: _onPlan, confirm: _confirm, ...rest } = options;
    const report = await executePlan(ipvs, planned, snapshot, {
      ...(attempt === 1 ? options : rest),
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
  if (contested.length === 0)
    return isDone && report.done > 0 ? { ...report, outcome: 'applied' } : report;
  return { ...report, outcome: isDone ? 'partial' : report.outcome, contested };
}
