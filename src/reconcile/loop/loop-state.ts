import type { IpvstateError } from '../../errors.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Change } from '../../plan/change.ts';
import type { Drain } from '../../plan/drain.ts';
import type { Refusal } from '../../plan/guard.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Report, ReportOutcome } from '../../plan/report.ts';
import { type ConfigState, UNSEEN } from './config-state.ts';
import type { Contested } from './contest.ts';

/** Why the loop turned: the cause, not the mechanism. A second read of the files has the cause of the first one. */
export type Trigger =
  | 'start'
  /** The files may have changed. */
  | 'file'
  | 'reload'
  | 'approve'
  | 'drift'
  | 'resync'
  | 'retry'
  /** Something contested is tried again, or forgotten. */
  | 'contested';

/** What becomes of differences that no file asked for. */
export type DriftMode = 'correct' | 'report' | 'off';

export type Phase =
  /** No pass has ended yet. */
  | 'starting'
  | 'running'
  | 'waiting'
  /** The last pass failed, and is tried again at `retryAt`. */
  | 'retrying'
  | 'stopped'
  /** It ended by itself: `fatal` says why. */
  | 'failed';

export type PassOutcome =
  | ReportOutcome
  /** No files were good yet. */
  | 'unconfigured'
  /** Nothing is new, so the kernel was not looked at. */
  | 'unchanged'
  /** It differs, and is only to be reported. */
  | 'drift'
  /** The table could not be read, or nothing was written for another reason: `error`. */
  | 'failed'
  /** The loop was stopped before. */
  | 'stopped';

/** One turn of the loop. Times are on its clock. */
export interface PassResult {
  readonly triggers: readonly Trigger[];
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly outcome: PassOutcome;
  readonly report: Report | undefined;
  readonly error: IpvstateError | undefined;
}

/** A plan that a guard holds back. */
export interface RefusedPlan {
  /** Names just this plan, of just these files: what `approve` takes. */
  readonly fingerprint: string;
  readonly plan: Plan;
  readonly refusals: readonly Refusal[];
  readonly since: number;
}

/** Differences that are reported and not corrected. */
export interface Drift {
  readonly changes: readonly Change[];
  readonly since: number;
}

/** Everything that status, metrics and logs are made of; one readonly value, replaced whole. Times are on the loop's clock. */
export interface LoopState {
  readonly phase: Phase;
  readonly config: ConfigState;
  /** Of the pass that runs, or of the last one. */
  readonly triggers: readonly Trigger[];
  /** The last turn that looked at the kernel. */
  readonly lastPass: PassResult | undefined;
  /** The digest of the files that were last applied whole. */
  readonly applied: string | undefined;
  readonly drift: Drift | undefined;
  /** Removed destinations that keep their connections for a while, as the last pass left them. */
  readonly drains: readonly Drain[];
  /** Sorted by name. Those whose `retryAt` is over are being watched, no longer left alone. */
  readonly contested: readonly Contested[];
  readonly refused: RefusedPlan | undefined;
  /** As the watcher says. */
  readonly watch: { readonly mode: 'inotify' | 'poll'; readonly reason: string | undefined };
  /** Failed passes in a row. */
  readonly failures: number;
  readonly retryAt: number | undefined;
  /** Services that were protected when they were last applied: to be kept for the next start. */
  readonly protectedServices: ReadonlySet<ServiceKey>;
  readonly fatal: IpvstateError | undefined;
  /** Since the start: turns that looked at the kernel, those that corrected what somebody else did, and single objects changed back. */
  readonly totals: { readonly passes: number; readonly corrections: number; readonly reversals: number };
}

export const INITIAL_STATE: LoopState = {
  phase: 'starting',
  config: UNSEEN,
  triggers: [],
  lastPass: undefined,
  applied: undefined,
  drift: undefined,
  drains: [],
  contested: [],
  refused: undefined,
  watch: { mode: 'inotify', reason: undefined },
  failures: 0,
  retryAt: undefined,
  protectedServices: new Set(),
  fatal: undefined,
  totals: { passes: 0, corrections: 0, reversals: 0 },
};
