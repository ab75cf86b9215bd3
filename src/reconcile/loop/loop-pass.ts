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
import { type ContestRules, type ContestState, countReversals, holdings, type Reversal, reversalsOf } from './contest.ts';
import { leaveAlone } from './leave-alone.ts';
import type { PassOutcome } from './loop-state.ts';

export interface PassPorts {
  readonly ipvs: Ipvs;
  /** A digest that nobody can forge, such as SHA-256 in hex: it makes fingerprints of plans. */
  readonly digest: (text: string) => string;
  /** The same for every pass. */
  readonly reconciling?: Omit<ReconcileOptions, 'signal' | 'confirm' | 'onPlan' | 'only' | 'protectedServices'>;
  readonly signal: AbortSignal;
  /** Told of a plan right before its first operation: what must be on record by then. */
  readonly announce?: (plan: Plan) => Promise<void>;
}

export interface PassRequest {
  readonly good: GoodFiles;
  /** False: only look. */
  readonly write: boolean;
  /** The fingerprint of a plan that is executed though a guard holds it back. */
  readonly approval: string | undefined;
  readonly contest: ContestState;
  readonly rules: ContestRules;
  /** The table as the last pass left it; undefined when that is not known. */
  readonly expected: Table | undefined;
  readonly protectedServices: ReadonlySet<ServiceKey>;
  readonly now: number;
}

export interface PassFindings {
  readonly outcome: PassOutcome;
  readonly report: Report | undefined;
  readonly error: IpvstateError | undefined;
  /** What differs and is left so. */
  readonly drift: readonly Change[];
  readonly refused: { readonly fingerprint: string; readonly plan: Plan; readonly refusals: readonly Refusal[] } | undefined;
  readonly contest: ContestState;
  /** Objects that somebody else had changed back. */
  readonly reversed: number;
}

/** Looks at the live table once and makes it what good files ask for, or says what differs. Never throws an `IpvstateError`. */
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
      if (this.#fingerprint(prepared.plan) === approval) return this.#conclude(await this.#execute(prepared));
    }
    const report = await this.#reconcile();
    // What became contested only now is left alone; nothing of the plan was executed.
    return this.#conclude(report.outcome === 'declined' ? await this.#reconcile() : report);
  }

  findings(outcome: PassOutcome, rest: Partial<PassFindings> = {}): PassFindings {
    const reversed = this.#reversed?.length ?? 0;
    return { outcome, report: undefined, error: undefined, drift: [], refused: undefined, contest: this.#contest, reversed, ...rest };
  }

  #conclude(report: Report): PassFindings {
    const { outcome, plan, refusals } = report;
    const refused = outcome === 'refused' ? { fingerprint: this.#fingerprint(plan), plan, refusals } : undefined;
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

  /** The plan that was approved and no other: where the table is not as it was read, there is no second plan. */
  async #execute({ plan, snapshot, drains }: Prepared): Promise<Report> {
    await this.#ports.announce?.(plan);
    return executePlan(this.#ports.ipvs, plan, snapshot, { ...this.#options(), begin: drains });
  }

  /** Counts reversals, once in a pass. */
  #becomesContested({ changes, live }: Plan): boolean {
    if (this.#reversed) return false;
    const { expected, now, rules } = this.#request;
    this.#reversed = expected ? reversalsOf(changes, expected, live) : [];
    const before = holdings(this.#contest, now);
    this.#contest = countReversals(this.#contest, this.#reversed, now, rules);
    return [...holdings(this.#contest, now)].some(([holding, hold]) => before.get(holding) !== hold);
  }

  #desired() {
    return leaveAlone(this.#request.good.desired, holdings(this.#contest, this.#request.now));
  }

  #options(confirm?: (prepared: Prepared) => Promise<boolean>): ReconcileOptions {
    const { signal, reconciling = {} } = this.#ports;
    return {
      ...reconciling,
      protectedServices: this.#request.protectedServices,
      signal,
      // A loop that is stopped leaves the table as it is, where a failed plan is taken back.
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
