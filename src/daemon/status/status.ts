import type { NodeGenerations } from '../../fleet/node-report.ts';
import type { Position } from '../../model/issue.ts';
import { HEALTH_STATES, type HealthName } from '../../reconcile/loop/health.ts';
import type { DriftMode } from '../../reconcile/loop/loop-state.ts';
import type { HealthTreatment } from '../../render/health.ts';

/** The choices of `--drift`. */
export const DRIFT_MODES: readonly DriftMode[] = ['correct', 'report', 'off'];

/** Length at which the fingerprint of a plan is shown. */
export const SHOWN_FINGERPRINT = 12;

/** The states of the daemon, each in one word. */
export const HEALTHS: readonly HealthName[] = [...HEALTH_STATES, 'starting'];

/** A failure, as people and programs are told. */
export interface StatusError {
  /** When the failure was first seen, in ISO 8601. */
  readonly since: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly position: Position | null;
}

/** A pause, as people and programs are told. */
export interface PauseStatus {
  readonly who: string;
  readonly reason: string | null;
  readonly since: string;
  /** null: it does not end by itself. */
  readonly until: string | null;
  readonly seconds_left: number | null;
  /** The services that are left alone. null: nothing is written at all. */
  readonly services: readonly string[] | null;
}

/** An override of the fleet that this director does not set. */
export interface HeldOverrideStatus {
  /** null: every service. */
  readonly service: string | null;
  readonly destination: string;
  readonly why: string;
}

/** The daemon as a director of a fleet. */
export interface FleetStatus {
  readonly node: string;
  readonly generation: NodeGenerations;
  /** Why the fleet is not told of this director. */
  readonly error: StatusError | null;
  /** Earlier versions lack it. */
  readonly overrides_held?: readonly HeldOverrideStatus[] | undefined;
  /** Why the overrides of the fleet are not known now: the last known ones stay. */
  readonly overrides_unknown?: string | null | undefined;
}

/** A part of the table that the kernel refuses. */
export interface RefusedPartStatus {
  /** A service, `timeouts`, `daemons`, or a sysctl. */
  readonly part: string;
  readonly reason: string;
  readonly hint: string | null;
}

/** A destination whose weight an override sets, as `overrideNoteJson` writes it. */
export interface OverrideStatus {
  readonly service: string;
  readonly destination: string;
  readonly weight: number;
  readonly own_weight: number;
  readonly owner: string | null;
  readonly by: string;
  readonly reason: string;
  readonly until: string | null;
  readonly note: string;
}

/** The document that `ipvstate status -o json` and `/status` show. Times are in ISO 8601. */
export interface Status {
  readonly format: 'ipvstate-status';
  readonly version: 1;
  readonly program: { readonly version: string; readonly pid: number; readonly started: string };
  /** The worst of what is wrong. `in-sync` and `draining` are the healthy ones. */
  readonly health: HealthName;
  readonly health_since: string | null;
  /** All that is wrong, each in a sentence, the worst first. */
  readonly why: readonly string[];
  readonly drift: DriftMode;
  readonly files: readonly {
    readonly path: string;
    readonly sha256: string | null;
    readonly problem: string | null;
  }[];
  readonly config: {
    /** True when the configuration is valid now. The last valid one is applied. */
    readonly valid: boolean;
    /** null: no configuration was valid yet. */
    readonly last_success: string | null;
    readonly services: number;
    readonly destinations: number;
    readonly error: StatusError | null;
  };
  /**
   * Why the source of the configuration cannot be read. The configuration from before stays.
   * Earlier versions lack it.
   */
  readonly source?: StatusError | null | undefined;
  /** Why the last pass failed: the kernel, a lock, a guard. */
  readonly error: StatusError | null;
  readonly last_pass: {
    readonly at: string;
    readonly trigger: string;
    readonly outcome: string;
    readonly exit_code: number;
    readonly changes: number;
    readonly operations: number;
    readonly seconds: number;
  } | null;
  /**
   * The plan that a guard holds back. Nothing is written until the plan is approved or the
   * configuration changes.
   */
  readonly waiting: {
    readonly plan: string;
    readonly since: string;
    readonly refusals: readonly {
      readonly guard: string;
      readonly message: string;
      readonly flag: string;
    }[];
    readonly changes: readonly string[];
  } | null;
  /** Services with usable destinations in the files and none in the kernel. */
  readonly unserved: readonly string[];
  /** Differences that are left: contested, paused, or only reported. */
  readonly differences: readonly string[];
  readonly drains: readonly {
    readonly service: string;
    readonly destination: string;
    readonly seconds_left: number;
  }[];
  readonly contested: readonly { readonly object: string; readonly reversals: number }[];
  /** Parts that the kernel refuses, which are left out. Earlier versions lack it. */
  readonly refused_parts?: readonly RefusedPartStatus[] | undefined;
  /** The pause, or null. The answers of earlier versions lack it. */
  readonly paused?: PauseStatus | null | undefined;
  /** Destinations whose weights overrides set. Absent in the status of earlier versions. */
  readonly overrides?: readonly OverrideStatus[] | undefined;
  /** Services that overrides leave without a usable destination. Earlier versions lack it. */
  readonly unserved_by_overrides?: readonly string[] | undefined;
  /** null: it follows no etcd, or has no name there. Earlier versions lack it. */
  readonly fleet?: FleetStatus | null | undefined;
  /** Destinations that health treats. Earlier versions lack it. */
  readonly health_effects?: readonly HealthTreatment[] | undefined;
  readonly watch: { readonly mode: string; readonly reason: string | null };
}

/** Says what an invalid configuration leads to. */
export function describeInvalid(wasValid: boolean): string {
  return wasValid
    ? 'the configuration is invalid; the last valid one stays in force'
    : 'the configuration is invalid; nothing is written until it is valid';
}
