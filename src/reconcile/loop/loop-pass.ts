import { IpvstateError } from '../../errors.ts';
import type { Ipvs } from '../../model/ipvs.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Table } from '../../model/table.ts';
import type { Change } from '../../plan/change.ts';
import type { Refusal } from '../../plan/guard.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Report } from '../../plan/report.ts';
import { type Prepared, prepare } from '../prepare.ts';
import { executePlan, type ReconcileOptions, reconcile } from '../reconcile.ts';
import type { GoodFiles } from './config-state.ts';
import {
  type ContestRules,
  type ContestState,
  countReversals,
  partsLeftAlone,
  type Reversal,
  reversalsOf,
  withoutContested,
} from './contest.ts';

import type { PassOutcome } from './loop-state.ts';

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
  /** Called with a plan right before its first operation, to record it. */
  readonly announce?: (plan: Plan) => Promise<void>;
}

interface PassRequest {
  readonly good: GoodFiles;
  /** True when differences are corrected. Otherwise they are only reported. */
  readonly write: boolean;
  /** The fingerprint of a plan that is executed although a guard refuses it. */
  readonly approval: string | undefined;
  readonly contest: ContestState;
  readonly rules: ContestRules;
  /** The table as the last pass left it. undefined when it is not known. */
  readonly expected: Table | undefined;
  readonly protectedServices: ReadonlySet<ServiceKey>;
  readonly now: number;
}

export interface PassFindings {
  readonly outcome: PassOutcome;
  readonly report: Report | undefined;
  readonly error: IpvstateError | undefined;
  /** Differences that were not corrected. */
  readonly drift: readonly Change[];
  readonly refused:
    | { readonly fingerprint: string; readonly plan: Plan; readonly refusals: readonly Refusal[] }
    | undefined;
  readonly contest: ContestState;
  /** How many objects another program had changed back. */
  readonly reversed: number;
}

/**
 * Reads the live table once and brings it to what the files ask for, or finds what differs. Never
 * throws an `IpvstateError`.
 */
export async function runPass(ports: PassPorts, request: PassRequest): Promise<PassFindings> {
  const pass = new LoopPass(ports, request);
  try {
    return await pass.run();
  } catch (error) {
    if (!(error instanceof IpvstateError)) throw error;
    return pass.findings('failed', { error });
  }
}

class LoopPass {
  readonly #ports: PassPorts;
  readonly #request: PassRequest;
  #contest: ContestState;
  #reversed: readonly Reversal[] | undefined;

  constructor(ports: PassPorts, request: PassRequest) {
    this.#ports = ports;
    this.#request = request;
    this.#contest = request.contest;
  }

  async run(): Promise<PassFindings> {
    const { write, approval } = this.#request;
    if (!write) return this.#look();
    if (approval !== undefined) {
      const prepared = await prepare(this.#ports.ipvs, this.#desired(), this.#options());
      if (this.#fingerprint(prepared.plan) === approval)
        return this.#conclude(await this.#execute(prepared));
    }
    const report = await this.#reconcile();
    // `declined`: an object became contested, so nothing was executed. The second plan leaves the
    // object alone.
    return this.#conclude(report.outcome === 'declined' ? await this.#reconcile() : report);
  }

  findings(outcome: PassOutcome, rest: Partial<PassFindings> = {}): PassFindings {
    const reversed = this.#reversed?.length ?? 0;
    return {
      outcome,
      report: undefined,
      error: undefined,
      drift: [],
      refused: undefined,
      contest: this.#contest,
      reversed,
      ...rest,
    };
  }

  #conclude(report: Report): PassFindings {
    const { outcome, plan, refusals } = report;
    const refused =
      outcome === 'refused' ? { fingerprint: this.#fingerprint(plan), plan, refusals } : undefined;
    return this.findings(outcome, { report, error: report.error, refused });
  }

  async #look(): Promise<PassFindings> {
    const { plan } = await prepare(this.#ports.ipvs, this.#desired(), this.#options());
    return this.findings(plan.changes.length === 0 ? 'in-sync' : 'drift', { drift: plan.changes });
  }

  #reconcile(): Promise<Report> {
    const options = this.#options(async ({ plan }) => {
      if (this.#becomesContested(plan)) return false;
      await this.#ports.announce?.(plan);
      return true;
    });
    return reconcile(this.#ports.ipvs, this.#desired(), options);
  }

  /**
   * Executes the approved plan and no other. There is no second pass, whose plan would be another
   * one.
   */
  async #execute({ plan, snapshot, drains, record }: Prepared): Promise<Report> {
    await this.#ports.announce?.(plan);
    return executePlan(this.#ports.ipvs, plan, snapshot, {
      ...this.#options(),
      begin: drains,
      drainPolicies: record.policies,
    });
  }

  /**
   * Counts reversals, once in a pass. Returns true when a part of the table is left alone from now
   * on.
   */
  #becomesContested({ changes, live }: Plan): boolean {
    if (this.#reversed) return false;
    const { expected, now, rules } = this.#request;
    this.#reversed = expected ? reversalsOf(changes, expected, live) : [];
    const before = partsLeftAlone(this.#contest, now);
    this.#contest = countReversals(this.#contest, this.#reversed, now, rules);
    return [...partsLeftAlone(this.#contest, now)].some(
      ([part, leave]) => before.get(part) !== leave,
    );
  }

  #desired() {
    return withoutContested(
      this.#request.good.desired,
      partsLeftAlone(this.#contest, this.#request.now),
    );
  }

  #options(confirm?: (prepared: Prepared) => Promise<boolean>): ReconcileOptions {
    const { signal, reconciling = {} } = this.#ports;
    return {
      ...reconciling,
      protectedServices: this.#request.protectedServices,
      signal,
      // A stopped loop leaves the table as it is. A failed plan is rolled back.
      get onError() {
        return signal.aborted ? 'stop' : (reconciling.onError ?? 'rollback');
      },
      ...(confirm && { confirm }),
    };
  }

  #fingerprint({ waves }: Plan): string {
    const operations = waves.map(({ steps }) => steps.map(({ operation }) => operation));
    return this.#ports.digest(JSON.stringify([this.#request.good.digest, operations]));
  }
}
