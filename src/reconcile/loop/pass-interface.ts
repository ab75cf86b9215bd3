import type { IpvstateError } from '../../errors.ts';
import type { HealthNote } from '../../health/effect.ts';
import type { Ipvs } from '../../model/ipvs.ts';
import type { Pause } from '../../model/pause.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Table } from '../../model/table.ts';
import type { Refusal } from '../../plan/guard.ts';
import type { OverrideNote } from '../../plan/overrides/overrides.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Report } from '../../plan/report.ts';
import type { ReconcileOptions } from '../reconcile.ts';
import type { Comparison } from './comparison.ts';
import type { GoodFiles } from './config-state.ts';
import type { ContestRules, ContestState } from './contest.ts';
import type { PassOutcome } from './loop-state.ts';
import type { RefusedParts } from './refused-parts.ts';

export interface PassPorts {
  readonly ipvs: Ipvs;
  /** A cryptographic digest, such as SHA-256 in hex. It makes fingerprints of plans. */
  readonly digest: (text: string) => string;
  /** The options that are the same for every pass. */
  readonly reconciling?: Omit<
    ReconcileOptions,
    'signal' | 'confirm' | 'onPlan' | 'only' | 'protectedServices'
  >;
  readonly signal: AbortSignal;
  /** The lock of writers. It is taken before a pass that may write, unless it is held already. */
  readonly lock?: {
    /** Throws `LOCKED`. */
    readonly take: () => Promise<void>;
    readonly release: () => Promise<void>;
  };
  /** Called with a plan right before its first operation, to record it. */
  readonly announce?: (plan: Plan, overrides: readonly OverrideNote[]) => Promise<void>;
}

export interface PassRequest {
  readonly good: GoodFiles;
  /** True when differences are corrected. Otherwise they are only reported. */
  readonly write: boolean;
  /** True when only overrides are due: the weights that they concern are written, and no others. */
  readonly overridesOnly: boolean;
  /** The fingerprint of a plan that is executed although a guard refuses it. */
  readonly approval: string | undefined;
  readonly contest: ContestState;
  /** Parts that the kernel refused before. They are left alone. */
  readonly refusedParts: RefusedParts;
  readonly rules: ContestRules;
  /** The table as the last pass left it. undefined when it is not known. */
  readonly expected: Table | undefined;
  readonly protectedServices: ReadonlySet<ServiceKey>;
  readonly pause: Pause | undefined;
  /** Why nothing may be written: nobody knows whether the loop is paused. */
  readonly failure: IpvstateError | undefined;
  readonly now: number;
}

export interface PassFindings {
  /** True when only weights of overrides were looked at. Nothing else is known then. */
  readonly overridesOnly: boolean;
  readonly outcome: PassOutcome;
  readonly report: Report | undefined;
  readonly error: IpvstateError | undefined;
  /** The differences that are left. undefined when the table is in an unknown state. */
  readonly differences: Comparison | undefined;
  readonly refused:
    | { readonly fingerprint: string; readonly plan: Plan; readonly refusals: readonly Refusal[] }
    | undefined;
  readonly contest: ContestState;
  readonly refusedParts: RefusedParts;
  /** The overrides in force, also of services that are left alone. undefined: not known. */
  readonly overrides: readonly OverrideNote[] | undefined;
  /** undefined when no plan of the whole table was made. */
  readonly checked: readonly HealthNote[] | undefined;
  /** In how many seconds an override next changes a weight by itself. undefined: never. */
  readonly overrideWaitSeconds: number | undefined;
  /** How many objects another program had changed back. */
  readonly reversed: number;
  /** How many objects another program had changed since the last pass, by what became of them. */
  readonly drifted: { readonly corrected: number; readonly left: number };
  /** The table as the pass left it. undefined when it is not known. */
  readonly left: Table | undefined;
}
