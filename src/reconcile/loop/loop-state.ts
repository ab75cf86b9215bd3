import type { IpvstateError } from '../../errors.ts';
import type { HealthNote } from '../../health/effect.ts';
import type { Pause } from '../../model/pause.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Drain } from '../../plan/drain/drain.ts';
import type { Refusal } from '../../plan/guard.ts';
import type { OverrideNote } from '../../plan/overrides/overrides.ts';
import type { Plan } from '../../plan/plan.ts';
import type { KeptReport, ReportOutcome } from '../../plan/report.ts';
import type { Comparison } from './comparison.ts';
import { type ConfigState, type SourceState, UNSEEN } from './config-state.ts';
import type { Contested } from './contest.ts';
import { type Health, STARTING } from './health.ts';
import type { RefusedPart } from './refused-parts.ts';

/** Why a pass began. A pass after a second read of the files has the triggers of the first read. */
export type Trigger =
  | 'start'
  /** The files may have changed. */
  | 'file'
  | 'reload'
  | 'approve'
  | 'drift'
  | 'resync'
  | 'retry'
  /** A contested object is retried, or forgotten. */
  | 'contested'
  | 'pause'
  /** A pause is over. */
  | 'resume'
  /** An operator changed overrides, or an override changes a weight by itself. */
  | 'override'
  /** The health of a destination changed, or a slow start goes on. */
  | 'health';

/** The way in which the loop treats differences that come from another program. */
export type DriftMode = 'correct' | 'report' | 'off';

type Phase =
  /** No pass has ended yet. */
  | 'starting'
  | 'running'
  | 'waiting'
  /** The last pass failed. The next one is at `retryAt`. */
  | 'retrying'
  | 'stopped'
  /** The loop ended by itself; `fatal` says why. */
  | 'failed';

export type PassOutcome =
  | ReportOutcome
  /** No valid files have been read yet. */
  | 'unconfigured'
  /** Nothing was new, so the table was not read. */
  | 'unchanged'
  /** The table differs, and is left so: drift is only reported, or the difference is contested. */
  | 'drift'
  /** The table could not be read, or nothing was written; `error` says why. */
  | 'failed'
  /** The loop was stopped before the pass. */
  | 'stopped';

/**
 * How the loop answered its triggers: with a pass, or without one when none was due. Times are on
 * the loop's clock.
 */
export interface PassResult {
  readonly triggers: readonly Trigger[];
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly outcome: PassOutcome;
  readonly report: KeptReport | undefined;
  /** Services that had no usable destination until the pass corrected drift. */
  readonly newlyServed: readonly ServiceKey[];
  readonly error: IpvstateError | undefined;
  /** True when the pass left the table different from all that the files ask for. */
  readonly differs: boolean;
}

/** A plan that a guard refuses. */
export interface RefusedPlan {
  /** Identifies this plan for these files, for `approve`. */
  readonly fingerprint: string;
  readonly plan: Plan;
  readonly refusals: readonly Refusal[];
  readonly since: number;
}

/** Differences from all that the files ask for, which the last pass did not correct. */
interface Drift extends Pick<Comparison, 'changes' | 'sysctls'> {
  readonly since: number;
}

/**
 * The loop's state, from which status, metrics and logs are made. Every change makes a new object.
 * Times are on the loop's clock.
 */
export interface LoopState {
  readonly phase: Phase;
  readonly config: ConfigState;
  /** Set while the source of the files cannot be read. */
  readonly source: SourceState | undefined;
  /** The triggers of the running pass, or of the last one. */
  readonly triggers: readonly Trigger[];
  /** The last pass that read the table. */
  readonly lastPass: PassResult | undefined;
  /** The digest of the files that were last applied completely. */
  readonly applied: string | undefined;
  readonly drift: Drift | undefined;
  /**
   * The last comparison of the live table with all that the files of this digest ask for. undefined
   * when the last pass ended without one: nobody knows how the table differs.
   */
  readonly compared: { readonly digest: string; readonly at: number } | undefined;
  /** Services with usable destinations in the files and none in the kernel. */
  readonly unserved: readonly ServiceKey[];
  /** Follows from the rest of the state. */
  readonly health: Health;
  /**
   * Removed destinations that keep their connections until a deadline, as the last pass left them.
   */
  readonly drains: readonly Drain[];
  /** Destinations whose weights overrides set, as the last pass found them. */
  readonly overrides: readonly OverrideNote[];
  /** Destinations that health treats, as the last pass found them. */
  readonly checked: readonly HealthNote[];
  /**
   * Sorted by name. Those whose `retryAt` is over are no longer left alone, and not yet forgotten.
   */
  readonly contested: readonly Contested[];
  readonly refused: RefusedPlan | undefined;
  /** Parts that the kernel refused, sorted by name. They are left out until something changes. */
  readonly refusedParts: readonly RefusedPart[];
  readonly pause: Pause | undefined;
  /** How the files are watched. */
  readonly watch: {
    readonly mode: 'inotify' | 'poll' | 'etcd';
    readonly reason: string | undefined;
  };
  /** Failed passes in a row. */
  readonly failures: number;
  readonly retryAt: number | undefined;
  /** Services that were protected when they were last applied. To be stored for the next start. */
  readonly protectedServices: ReadonlySet<ServiceKey>;
  readonly fatal: IpvstateError | undefined;
  /**
   * Since the start: passes that read the table, passes that corrected the work of another program,
   * objects changed back, and objects that another program was found to have changed.
   */
  readonly totals: {
    readonly passes: number;
    readonly corrections: number;
    readonly reversals: number;
    readonly drifted: number;
  };
}

export const INITIAL_STATE: LoopState = {
  phase: 'starting',
  config: UNSEEN,
  source: undefined,
  triggers: [],
  lastPass: undefined,
  applied: undefined,
  drift: undefined,
  compared: undefined,
  unserved: [],
  health: STARTING,
  drains: [],
  overrides: [],
  checked: [],
  contested: [],
  refused: undefined,
  refusedParts: [],
  pause: undefined,
  watch: { mode: 'inotify', reason: undefined },
  failures: 0,
  retryAt: undefined,
  protectedServices: new Set(),
  fatal: undefined,
  totals: { passes: 0, corrections: 0, reversals: 0, drifted: 0 },
};
