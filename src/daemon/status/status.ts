import type { Position } from '../../model/issue.ts';

export type DriftMode = 'correct' | 'report' | 'off';
export const DRIFT_MODES: readonly DriftMode[] = ['correct', 'report', 'off'];

/** In one word. `differs`: only reported (`--drift report`). */
export type Health = 'starting' | 'in-sync' | 'differs' | 'refused' | 'invalid' | 'failing';

/** Something that went wrong, as it is told. */
export interface StatusError {
  /** ISO 8601, of its first time. */
  readonly since: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly position: Position | null;
}

/** What the daemon is about, as `ipvstate status -o json` and `/status` show it. Times are ISO 8601. */
export interface Status {
  readonly format: 'ipvstate-status';
  readonly version: 1;
  readonly program: { readonly version: string; readonly pid: number; readonly started: string };
  readonly health: Health;
  readonly drift: DriftMode;
  readonly files: readonly {
    readonly path: string;
    readonly sha256: string | null;
    readonly problem: string | null;
  }[];
  readonly config: {
    /** Of what the files say now. What is applied is the last valid state. */
    readonly valid: boolean;
    readonly last_success: string | null;
    readonly services: number;
    readonly destinations: number;
    readonly error: StatusError | null;
  };
  /** Why the table may not be as desired: the kernel, a lock, a guard. */
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
  /** A plan that a guard stopped: nothing is written until it is approved, or the files change. */
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
  readonly drains: readonly {
    readonly service: string;
    readonly destination: string;
    readonly seconds_left: number;
  }[];
  readonly contested: readonly { readonly object: string; readonly reversals: number }[];
  readonly watch: { readonly mode: string; readonly reason: string | null };
}
