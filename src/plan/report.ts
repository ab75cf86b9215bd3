import type { IpvstateError, KernelError } from '../errors.ts';
import type { HealthNote } from '../health/effect.ts';
import type { Operation } from '../model/operation.ts';
import type { Change } from './change.ts';
import type { Drain } from './drain/drain.ts';
import type { Refusal } from './guard.ts';
import type { OverrideNote } from './overrides/overrides.ts';
import type { Plan } from './plan.ts';

/** The outcome of a run. The exit codes of the command line follow from it. */
export type ReportOutcome =
  /** There was nothing to do. */
  | 'in-sync'
  /** Every operation was done. The table was read back, and is as desired. */
  | 'applied'
  /** A guard refused the plan; nothing was written. */
  | 'refused'
  /** The operator declined; nothing was written. */
  | 'declined'
  /** An operation failed. The state from before was put back, read back and found equal. */
  | 'rolled-back'
  /** An operation failed, and the table is between the two states. */
  | 'partial'
  /**
   * Every operation was accepted, yet the table differs when it is read back: another program
   * writes to it.
   */
  | 'unverified';

export interface Failure {
  readonly operation: Operation;
  readonly error: KernelError;
}

/** The report of one run. */
export interface Report {
  readonly outcome: ReportOutcome;
  /** The plan of the first pass, which the operator saw. */
  readonly plan: Plan;
  /**
   * How often the table was read and planned; more than once when another program wrote to it
   * meanwhile.
   */
  readonly passes: number;
  /** The number of operations that the kernel accepted, without those of a rollback. */
  readonly done: number;
  /**
   * Destinations that the run deleted at its end, because they had drained by then, and the number
   * of operations of `done` that this took. Absent when there were none.
   */
  readonly drained?: { readonly destinations: number; readonly operations: number };
  readonly failures: readonly Failure[];
  /**
   * The error that ended the run early: lost replies, a table that did not settle, or `ABORTED` by
   * the signal of the caller.
   */
  readonly error: IpvstateError | undefined;
  readonly refusals: readonly Refusal[];
  /** Removed destinations that keep their connections for a while. A later run deletes them. */
  readonly drains: readonly Drain[];
  /** Destinations whose weights overrides set. */
  readonly overrides: readonly OverrideNote[];
  /** Destinations that health treats. */
  readonly health: readonly HealthNote[];
  /** Settings that work against the plan, each in a sentence. */
  readonly warnings: readonly string[];
  /**
   * The differences that are left: from the desired table or, after a failed rollback, from the
   * table before.
   */
  readonly differences: readonly Change[];
  /** Objects that a rollback left alone, because another program had changed them since. */
  readonly contested: readonly string[];
}

/** A report that can be kept: without the live table and the operations, which take much memory. */
export interface KeptReport extends Omit<Report, 'plan'> {
  readonly plan: Pick<Plan, 'desired' | 'changes'>;
}

export function keptReport({ plan: { desired, changes }, ...report }: Report): KeptReport {
  return { ...report, plan: { desired, changes } };
}
