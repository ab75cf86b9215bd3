import { IpvstateError } from '../errors.ts';
import type { DrainRecord } from '../model/drain.ts';
import type { Ipvs, Snapshot } from '../model/ipvs.ts';
import { runStage } from '../model/stage.ts';
import type { Drain } from '../plan/drain/drain.ts';
import { recordAfterPlan } from '../plan/drain/drain-record.ts';
import type { Refusal } from '../plan/guard.ts';
import type { Plan } from '../plan/plan.ts';
import type { Report, ReportOutcome } from '../plan/report.ts';
import { type ExecuteOptions, type Execution, execute, isStale } from './execute.ts';
import { partOf } from './operation-object.ts';
import {
  overrideTime,
  type Prepared,
  type PrepareOptions,
  prepare,
  readHealth,
  type Wanted,
} from './prepare.ts';
import { type Pass, rollBack } from './roll-back.ts';
import { readRecords, storeBetween, storeDone, storeRecords } from './stored-records.ts';
import { verify } from './verify.ts';

export interface ReconcileOptions extends PrepareOptions, ExecuteOptions {
  /** Called with the plan of the first pass, also when the plan is empty or refused. */
  readonly onPlan?: (prepared: Prepared) => Promise<void>;
  /** Asked once, before the first operation. Default: true. */
  readonly confirm?: (prepared: Prepared) => Promise<boolean>;
}

interface ExecutePlanOptions extends ReconcileOptions {
  /** The guards that refuse the plan. Default: none. */
  readonly refusals?: readonly Refusal[];
  /** The drains that the plan begins. */
  readonly begin?: readonly Drain[];
  /** How the services of the plan drain when they are removed. undefined: as recorded. */
  readonly drainPolicies?: DrainRecord['policies'];
}

/** After so many passes, a run gives up against another writer. */
const MAX_PASSES = 3;

/**
 * Brings the live table to the desired one: read, plan, guard, confirm, execute, verify. When the
 * kernel refuses operations only because the table changed since the read, another pass follows.
 * Throws what reading throws (`UNAVAILABLE`, `PERMISSION`, `UNSTABLE`, ...), before the first
 * operation.
 */
export async function reconcile(
  ipvs: Ipvs,
  desired: Wanted,
  options: ReconcileOptions = {},
): Promise<Report> {
  return run(ipvs, await prepare(ipvs, desired, options), options, () =>
    prepare(ipvs, desired, options),
  );
}

/**
 * Executes a plan that was made earlier. The plan is for one live table, so there is no second
 * pass.
 */
export async function executePlan(
  ipvs: Ipvs,
  plan: Plan,
  snapshot: Snapshot,
  options: ExecutePlanOptions = {},
): Promise<Report> {
  const { drains: store, begin = [], drainPolicies, refusals = [] } = options;
  const now = store?.now() ?? 0;
  const drains = begin.map((drain) => ({ ...drain, deadlineSeconds: now + drain.secondsLeft }));
  const before = await readRecords(options);
  const records = {
    drains: recordAfterPlan(before.drains, plan.desired, drains, drainPolicies),
    overrides: before.overrides,
  };
  const nothing = { foreign: new Set<never>(), sysctlDifferences: [], warnings: [] };
  const overrideClock = { ...before.overrides, ...overrideTime(options.overrides) };
  const overridden = { overrides: [], overrideClock };
  const checked = { health: [], healthClock: await readHealth(options.health) };
  const prepared = {
    snapshot,
    plan,
    refusals,
    drains,
    records,
    ...nothing,
    ...overridden,
    ...checked,
  };
  return run(ipvs, prepared, options, undefined);
}

async function run(
  ipvs: Ipvs,
  first: Prepared,
  options: ReconcileOptions,
  prepareAgain: (() => Promise<Prepared>) | undefined,
): Promise<Report> {
  const passes: Pass[] = [];
  const report: MakeReport = (outcome, rest = {}) => ({
    outcome,
    plan: first.plan,
    passes: Math.max(passes.length, 1),
    done: countOf(passes),
    failures: [],
    error: undefined,
    refusals: [],
    drains: first.drains,
    overrides: first.overrides,
    health: first.health,
    warnings: first.warnings,
    differences: [],
    contested: [],
    ...rest,
  });

  await options.onPlan?.(first);
  // A service whose destinations have weight 0 already begins to drain without an operation.
  if (first.refusals.length > 0) return report('refused', { refusals: first.refusals });
  if (first.plan.changes.length === 0) {
    // An override that asks for the weight that is live is stored without an operation as well.
    if (options.propose) await storeRecords(options, first.records);
    const remarks = await storeDone(options, first.records);
    return report('in-sync', { warnings: [...first.warnings, ...remarks] });
  }
  if (options.confirm && !(await options.confirm(first))) return report('declined');

  try {
    const converged = await converge(ipvs, first, options, prepareAgain, passes, report);
    return prepareAgain ? await endDrains(ipvs, converged, options, prepareAgain) : converged;
  } catch (error) {
    if (!(error instanceof IpvstateError) || passes.length === 0) throw error;
    return report('partial', { error });
  }
}

/**
 * Deletes the draining destinations of which the kernel remembers nothing. A connection that came
 * before the first operation is counted by now. When that fails, the next run deletes them, like
 * any other drain.
 */
async function endDrains(
  ipvs: Ipvs,
  applied: Report,
  options: ReconcileOptions,
  prepareAgain: () => Promise<Prepared>,
): Promise<Report> {
  if (applied.outcome !== 'applied' || !applied.drains.some(({ remembered }) => remembered === 0))
    return applied;
  const next = await prepareAgain().catch((error: unknown) => {
    if (error instanceof IpvstateError) return undefined;
    throw error;
  });
  if (!next || next.refusals.length > 0) return applied;
  const { onPlan: _onPlan, confirm: _confirm, ...rest } = options;
  const ended = await run(ipvs, next, rest, undefined);
  if (ended.outcome === 'partial' || ended.outcome === 'unverified')
    return { ...ended, plan: applied.plan, done: applied.done + ended.done };
  const isEnded = ended.outcome === 'applied' || ended.outcome === 'in-sync';
  if (!isEnded) return applied;
  const { done, drains } = ended;
  const drained = { destinations: applied.drains.length - drains.length, operations: done };
  const plan = { ...applied.plan, desired: ended.plan.desired };
  return { ...applied, plan, done: applied.done + done, drains, ...(done > 0 && { drained }) };
}

async function converge(
  ipvs: Ipvs,
  first: Prepared,
  options: ReconcileOptions,
  prepareAgain: (() => Promise<Prepared>) | undefined,
  passes: Pass[],
  report: MakeReport,
): Promise<Report> {
  const before = await readRecords(options);
  let { plan, refusals, drains, overrides, health, records, warnings } = first;
  const giveUp = async (findings: Findings): Promise<Report> => {
    const settled = await settle(ipvs, passes, plan, findings, options, report);
    if (settled.outcome === 'rolled-back') await storeRecords(options, before);
    return settled;
  };
  for (;;) {
    await storeBetween(options, before, records, options.propose !== undefined);
    const execution = refusals.length === 0 ? await execute(ipvs, plan, options) : undefined;
    if (execution) passes.push({ before: plan.live, done: execution.done });
    if (execution && isClean(execution)) {
      const remarks = await storeDone(options, records);
      const { stage = runStage } = options;
      const { desired, changes } = plan;
      const differences = await stage(
        'verify',
        () => verify(ipvs, desired, changes),
        ({ length }) => ({ difference: length }),
      );
      const outcome = differences.length === 0 ? 'applied' : 'unverified';
      const all = [...warnings, ...remarks];
      return report(outcome, { drains, overrides, health, warnings: all, differences });
    }
    const findings = {
      failures: execution?.failures ?? [],
      error: execution && interruption(execution),
      refusals,
    };
    if (
      !prepareAgain ||
      !execution ||
      passes.length >= MAX_PASSES ||
      !isWorthAnotherPass(execution)
    )
      return giveUp(findings);
    try {
      ({ plan, refusals, drains, overrides, health, records, warnings } = await prepareAgain());
    } catch (error) {
      if (!(error instanceof IpvstateError)) throw error;
      return giveUp({ ...findings, error });
    }
  }
}

type Findings = Pick<Report, 'failures' | 'error' | 'refusals'>;

type MakeReport = (outcome: ReportOutcome, rest?: Partial<Report>) => Report;

function isClean({ failures, lost, aborted }: Execution): boolean {
  return failures.length === 0 && !lost && !aborted;
}

function interruption({ lost, aborted }: Execution): IpvstateError | undefined {
  return aborted ? new IpvstateError('ABORTED', 'stopped between two steps of the plan') : lost;
}

function isWorthAnotherPass({ failures, lost, aborted }: Execution): boolean {
  return !aborted && (lost !== undefined || failures.every(isStale));
}

/**
 * Ends a failed run: rolls back or, with another `onError`, reports how the live table differs from
 * the desired one.
 */
async function settle(
  ipvs: Ipvs,
  passes: readonly Pass[],
  plan: Plan,
  findings: Findings,
  options: ReconcileOptions,
  report: MakeReport,
): Promise<Report> {
  if (options.onError === 'stop' || options.onError === 'continue') {
    return report('partial', {
      ...findings,
      differences: await verify(ipvs, plan.desired, plan.changes),
    });
  }
  const isolated = isolatedPart(passes, findings, options);
  const { differences, contested } = await rollBack(ipvs, isolated ?? passes);
  const isWhole = isolated === undefined || countOf(isolated) === countOf(passes);
  const isBefore = isWhole && differences.length === 0 && contested.length === 0;
  return report(isBefore ? 'rolled-back' : 'partial', { ...findings, differences, contested });
}

/**
 * Returns the operations on the services and settings that had a failure. undefined when all is
 * rolled back, as it is after lost answers: nobody knows then which operations were refused.
 */
function isolatedPart(
  passes: readonly Pass[],
  { failures, error, refusals }: Findings,
  { onError }: ReconcileOptions,
): readonly Pass[] | undefined {
  if (onError !== 'isolate' || error || refusals.length > 0) return undefined;
  const failed = new Set(failures.map(({ operation }) => partOf(operation)));
  return passes.map(({ before, done }) => ({
    before,
    done: done.map((part) => part.filter((operation) => failed.has(partOf(operation)))),
  }));
}

function countOf(passes: readonly Pass[]): number {
  return passes.flatMap(({ done }) => done).reduce((sum, { length }) => sum + length, 0);
}
