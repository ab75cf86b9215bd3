import { reportedError } from '../../errors.ts';
import { drainKey } from '../../model/drain.ts';
import type { Pause } from '../../model/pause.ts';
import type { Table } from '../../model/table.ts';
import type { Change } from '../../plan/change.ts';
import { secondsUntilPlan } from '../../plan/overrides/overrides.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Report } from '../../plan/report.ts';
import { scope } from '../../plan/scope.ts';
import { UnsupportedSysctlsError } from '../../plan/sysctls.ts';
import { runOverride } from '../override.ts';
import { type Prepared, prepare } from '../prepare.ts';
import { executePlan, type ReconcileOptions, reconcile } from '../reconcile.ts';
import {
  type Comparison,
  compareWhole,
  differencesAfter,
  isEmpty,
  isTableLost,
  unservedIn,
} from './comparison.ts';
import {
  type ContestState,
  countReversals,
  foreignChanges,
  type Leave,
  partOf,
  partsLeftAlone,
  type Reversal,
  retryAtOnce,
  reversalsOf,
  type TablePart,
  withoutContested,
} from './contest.ts';
import type { PassOutcome } from './loop-state.ts';
import type { PassFindings, PassPorts, PassRequest } from './pass-interface.ts';
import {
  lastingRefusals,
  partsRefused,
  type RefusedParts,
  withoutRefused,
  withoutRefusedSysctls,
  withRefusals,
  withUnsupported,
} from './refused-parts.ts';

/** After these, the table is the desired one of the plan, as far as the pass knows. */
const LEAVES_AS_PLANNED: readonly PassOutcome[] = ['applied', 'in-sync', 'unverified'];

/**
 * Reads the live table once and brings it to what the files ask for, or finds what differs. Never
 * throws: a bug is a failed pass, too, and the next pass reads the table anew.
 */
export async function runPass(ports: PassPorts, request: PassRequest): Promise<PassFindings> {
  const pass = new LoopPass(ports, request);
  try {
    return await pass.run();
  } catch (error) {
    return pass.findings('failed', { error: reportedError(error) });
  }
}

/** No plan says which overrides and checks are in force. */
const NO_NOTES = { overrides: undefined, checked: undefined };

/** A paused service is neither changed nor added nor deleted. */
function partsPaused(pause: Pause | undefined): ReadonlyMap<TablePart, Leave> {
  return new Map((pause?.services ?? []).map((service) => [service, 'absent'] as const));
}

class LoopPass {
  readonly #ports: PassPorts;
  readonly #request: PassRequest;
  #contest: ContestState;
  #refusedParts: RefusedParts;
  /** The operations accepted before a part was refused, and the refusals. */
  #isolated: Pick<Report, 'done' | 'failures'> = { done: 0, failures: [] };
  #reversed: readonly Reversal[] | undefined;
  #drifted = { corrected: 0, left: 0 };
  /** The last plan, with the table that it is for. */
  #prepared: Prepared | undefined;

  constructor(ports: PassPorts, request: PassRequest) {
    this.#ports = ports;
    this.#request = request;
    this.#contest = request.contest;
    this.#refusedParts = request.refusedParts;
  }

  async run(): Promise<PassFindings> {
    const { write, overridesOnly, approval, failure } = this.#request;
    if (failure) throw failure;
    if (!write) return this.#look();
    await this.#ports.lock?.take();
    if (overridesOnly) {
      const found = await this.#settleOverrides();
      if (found) return found;
    }
    if (approval !== undefined) {
      const prepared = await prepare(this.#ports.ipvs, this.#desired(), this.#options());
      this.#prepared = prepared;
      if (this.#fingerprint(prepared.plan) === approval)
        return this.#conclude(await this.#execute(prepared));
    }
    for (;;) {
      const report = await this.#reconcile();
      // `declined`: another part of the table is left alone now, or no longer. Nothing was
      // executed.
      const isPlannedAgain =
        report?.outcome === 'declined' ||
        (report?.outcome === 'in-sync' && this.#takesBack()) ||
        (report !== undefined && this.#isolates(report));
      if (report !== undefined && !isPlannedAgain) return this.#conclude(this.#whole(report));
    }
  }

  /**
   * Moves and ends overrides that are due. Returns undefined when that did not succeed: a pass of
   * the whole table finds out why.
   */
  async #settleOverrides(): Promise<PassFindings | undefined> {
    const { good, pause } = this.#request;
    const desired = withoutContested(good.desired, partsPaused(pause));
    const options = this.#options({
      onPlan: async (prepared) => {
        this.#prepared = prepared;
      },
      confirm: async ({ plan, overrides }) => {
        await this.#ports.announce?.(plan, overrides);
        return true;
      },
    });
    const { report } = await runOverride(this.#ports.ipvs, desired, undefined, options);
    const { outcome } = report;
    if (outcome !== 'applied' && outcome !== 'in-sync') return undefined;
    const { overrides } = this.#wholeNotes();
    return this.findings(outcome, { report, overridesOnly: true, overrides, checked: undefined });
  }

  /**
   * Leaves out the parts that the kernel refused, so that the pass goes on without them. Returns
   * false when there are none.
   */
  #isolates(report: Report): boolean {
    const failures = lastingRefusals(report);
    if (failures.length === 0) return false;
    const before = this.#refusedParts.size;
    this.#refusedParts = withRefusals(
      this.#refusedParts,
      failures,
      report.plan.live,
      this.#request.now,
    );
    this.#isolated = {
      done: this.#isolated.done + (report.outcome === 'partial' ? report.done : 0),
      failures: [...this.#isolated.failures, ...failures],
    };
    return this.#refusedParts.size > before;
  }

  /** Returns the report of the last plan together with what came before the refusals. */
  #whole(report: Report): Report {
    const { done, failures } = this.#isolated;
    if (failures.length === 0) return report;
    const isApplied = report.outcome === 'in-sync' && done > 0;
    return {
      ...report,
      outcome: isApplied ? 'applied' : report.outcome,
      done: report.done + done,
      failures: [...failures, ...report.failures],
    };
  }

  findings(outcome: PassOutcome, rest: Partial<PassFindings> = {}): PassFindings {
    const reversed = this.#reversed?.length ?? 0;
    return {
      overridesOnly: false,
      outcome,
      report: undefined,
      error: undefined,
      differences: undefined,
      refused: undefined,
      contest: this.#contest,
      refusedParts: this.#refusedParts,
      ...(this.#leftAlone().size === 0 ? this.#wholeNotes() : NO_NOTES),
      overrideWaitSeconds: this.#overrideWaitSeconds(rest.report),
      reversed,
      drifted: this.#drifted,
      left: undefined,
      ...rest,
    };
  }

  #conclude(report: Report): PassFindings {
    const { outcome, plan, refusals } = report;
    const differences = differencesAfter(report, this.#comparison(), this.#leftAlone());
    const paused = partsPaused(this.#request.pause);
    const left = differences?.changes.filter((change) => paused.has(partOf(change))) ?? [];
    this.#drifted = { ...this.#drifted, left: this.#foreign(left, plan.live).length };
    const isLeft = outcome === 'in-sync' && differences !== undefined && !isEmpty(differences);
    const refused =
      outcome === 'refused' ? { fingerprint: this.#fingerprint(plan), plan, refusals } : undefined;
    return this.findings(isLeft ? 'drift' : outcome, {
      report,
      ...this.#wholeNotes(),
      error: report.error,
      refused,
      differences,
      left: LEAVES_AS_PLANNED.includes(outcome) ? plan.desired : undefined,
    });
  }

  async #look(): Promise<PassFindings> {
    const { good } = this.#request;
    const prepared = await this.#withoutUnsupported(() => {
      const desired = withoutRefusedSysctls(good.desired, this.#refusedParts);
      return prepare(this.#ports.ipvs, desired, this.#options());
    });
    if (!prepared) return this.#look();
    this.#prepared = prepared;
    const differences = this.#comparison();
    const { table: live } = prepared.snapshot;
    this.#drifted = { corrected: 0, left: this.#foreign(differences.changes, live).length };
    return this.findings(isEmpty(differences) ? 'in-sync' : 'drift', {
      differences,
      ...this.#wholeNotes(),
      left: live,
    });
  }

  /** Returns undefined when the kernel lacks sysctls, which are left out from now on. */
  async #withoutUnsupported<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof UnsupportedSysctlsError)) throw error;
      this.#refusedParts = withUnsupported(this.#refusedParts, error, this.#request.now);
      return undefined;
    }
  }

  async #reconcile(): Promise<Report | undefined> {
    const options = this.#options({
      onPlan: async (prepared) => {
        this.#prepared = prepared;
      },
      confirm: async ({ plan, overrides }) => {
        if (this.#becomesContested(plan) || this.#takesBack()) return false;
        await this.#ports.announce?.(plan, overrides);
        return true;
      },
    });
    return this.#withoutUnsupported(() => reconcile(this.#ports.ipvs, this.#desired(), options));
  }

  /**
   * Executes the approved plan and no other. There is no second pass, whose plan would be another
   * one.
   */
  async #execute({ plan, snapshot, drains, overrides, records }: Prepared): Promise<Report> {
    await this.#ports.announce?.(plan, overrides);
    return executePlan(this.#ports.ipvs, plan, snapshot, {
      ...this.#options(),
      begin: drains,
      drainPolicies: records.drains.policies,
    });
  }

  /**
   * Counts reversals, once in a pass. Returns true when a part of the table is left alone from now
   * on.
   */
  #becomesContested({ changes, live }: Plan): boolean {
    if (this.#reversed) return false;
    const { now, rules, good } = this.#request;
    const foreign = this.#foreign(changes, live);
    this.#drifted = { ...this.#drifted, corrected: foreign.length };
    this.#reversed = isTableLost(live, good.desired)
      ? []
      : reversalsOf(this.#withoutOverridden(foreign));
    const before = partsLeftAlone(this.#contest, now);
    this.#contest = countReversals(this.#contest, this.#reversed, now, rules);
    return [...partsLeftAlone(this.#contest, now)].some(
      ([part, leave]) => before.get(part) !== leave,
    );
  }

  /** Returns those of the changes that another program made necessary since the last pass. */
  #foreign(changes: readonly Change[], live: Table): readonly Change[] {
    const { expected } = this.#request;
    return expected ? foreignChanges(changes, expected, live) : [];
  }

  /** An override is never left alone, whoever changes the weight back: an operator asked for it. */
  #withoutOverridden(changes: readonly Change[]): readonly Change[] {
    const { overrides = [] } = this.#prepared ?? {};
    const held = new Set(overrides.map((note) => drainKey(note.service, note.destination)));
    return changes.filter(
      (change) =>
        change.object !== 'destination' || !held.has(drainKey(change.service, change.destination)),
    );
  }

  #overrideWaitSeconds(report: Report | undefined): number | undefined {
    const isDone = report?.outcome === 'applied' || report?.outcome === 'in-sync';
    return this.#prepared && secondsUntilPlan(this.#prepared.overrideClock, isDone);
  }

  /**
   * Ends the wait of contested parts that must not be left alone: a service without a usable
   * destination, and every part when the whole table is lost. Returns true when there are such
   * parts.
   */
  #takesBack(): boolean {
    const { good, now } = this.#request;
    const leftAlone = partsLeftAlone(this.#contest, now);
    if (leftAlone.size === 0 || !this.#prepared) return false;
    const { unserved } = this.#comparison();
    const parts = isTableLost(this.#prepared.snapshot.table, good.desired)
      ? [...leftAlone.keys()]
      : unserved.filter((service) => leftAlone.has(service));
    if (parts.length === 0) return false;
    this.#contest = retryAtOnce(this.#contest, now, parts);
    return true;
  }

  /** Compares the table that was read last with all that the files ask for. */
  #comparison(): Comparison {
    const { reconciling: { drains } = {} } = this.#ports;
    if (!this.#prepared) return { changes: [], sysctls: [], unserved: [] };
    const { plan, sysctlDifferences } = this.#prepared;
    if (this.#leftAlone().size === 0)
      return { changes: plan.changes, sysctls: sysctlDifferences, unserved: unservedIn(plan) };
    const desired = withoutRefusedSysctls(this.#request.good.desired, this.#refusedParts);
    return compareWhole(desired, this.#prepared, drains?.now() ?? 0);
  }

  /** The effects of overrides and of health, those on services that are left alone as well. */
  #wholeNotes(): Pick<PassFindings, 'overrides' | 'checked'> {
    if (!this.#prepared) return NO_NOTES;
    const { snapshot, records, overrideClock, healthClock, ...prepared } = this.#prepared;
    if (this.#leftAlone().size === 0)
      return { overrides: prepared.overrides, checked: prepared.health };
    const desired = withoutRefused(this.#request.good.desired, this.#refusedParts);
    const drains = { ...records.drains, now: this.#ports.reconciling?.drains?.now() ?? 0 };
    const options = { drains, overrides: overrideClock, health: healthClock };
    const { overrides, health } = scope(desired, snapshot, options);
    return { overrides, checked: health };
  }

  /** The parts that are left alone, because they are contested, refused or paused. */
  #leftAlone() {
    const { now, pause } = this.#request;
    const contested = partsLeftAlone(this.#contest, now);
    return new Map([...contested, ...partsRefused(this.#refusedParts), ...partsPaused(pause)]);
  }

  #desired() {
    const { good, now, pause } = this.#request;
    const desired = withoutRefused(good.desired, this.#refusedParts);
    const uncontested = withoutContested(desired, partsLeftAlone(this.#contest, now));
    return withoutContested(uncontested, partsPaused(pause));
  }

  #options(hooks: Pick<ReconcileOptions, 'onPlan' | 'confirm'> = {}): ReconcileOptions {
    const { signal, reconciling = {} } = this.#ports;
    return {
      ...reconciling,
      protectedServices: this.#request.protectedServices,
      signal,
      // A stopped loop leaves the table as it is. One refused service keeps no other away.
      get onError() {
        return signal.aborted ? 'stop' : (reconciling.onError ?? 'isolate');
      },
      ...hooks,
    };
  }

  #fingerprint({ waves }: Plan): string {
    const operations = waves.map(({ steps }) => steps.map(({ operation }) => operation));
    return this.#ports.digest(JSON.stringify([this.#request.good.digest, operations]));
  }
}
