import type { IpvstateError, KernelError } from '../errors.ts';
import type { Operation } from '../model/operation.ts';
import type { Change } from './change.ts';
import type { Drain } from './drain.ts';
import type { Refusal } from './guard.ts';
import type { Plan } from './plan.ts';

/** How a run ended. The CLI's exit codes follow from it. */
export type ReportOutcome =
  /** Nothing to do. */
  | 'in-sync'
  /** Done, read back and equal to what was desired. */
  | 'applied'
  /** A guard tripped; nothing was written. */
  | 'refused'
  /** The operator said no; nothing was written. */
  | 'declined'
  /** An operation failed; the state from before was restored, read back and found equal. */
  | 'rolled-back'
  /** An operation failed, and the table is between the two states. */
  | 'partial'
  /** Every operation was accepted, yet the table differs when read back: somebody else writes to it. */
  | 'unverified';

export interface Failure {
  readonly operation: Operation;
  readonly error: KernelError;
}

/** What happened in one run. */
export interface Report {
  readonly outcome: ReportOutcome;
  /** The plan of the first pass: what the operator saw. */
  readonly plan: Plan;
  /** Times that the table was read and planned; more than one when somebody else wrote to it meanwhile. */
  readonly passes: number;
  /** Operations that the kernel accepted, without those of a rollback. */
  readonly done: number;
  readonly failures: readonly Failure[];
  /** What kept the run from reading or writing any further: lost replies, a table that did not settle, `ABORTED` by the caller's signal. */
  readonly error: IpvstateError | undefined;
  readonly refusals: readonly Refusal[];
  /** Removed destinations that keep their connections for a while: a later run deletes them. */
  readonly drains: readonly Drain[];
  /** What still differs: from what was desired or, after a failed rollback, from the state before. */
  readonly differences: readonly Change[];
  /** Objects of ours that a rollback left alone because somebody else had changed them since. */
  readonly contested: readonly string[];
}
