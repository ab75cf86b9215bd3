import { IpvstateError, reportedError } from '../errors.ts';
import type { HealthSource } from '../model/health.ts';
import type { Counters } from '../model/ipvs.ts';
import { FLEET_OWNER, type Override, type OverrideStore } from '../model/override.ts';
import { printable } from '../model/printable.ts';
import type { Allowances, Refusal } from '../plan/guard.ts';
import type { OverrideChange, OverrideRequest } from '../plan/overrides/override-request.ts';
import type { Loop, OverrideWork } from '../reconcile/loop/loop-interface.ts';
import { type OverrideRun, runOverride } from '../reconcile/override.ts';
import { openDrainStore } from '../recovery/records/drains.ts';
import { openOverrideStore } from '../recovery/records/overrides.ts';
import type { Session } from '../recovery/session.ts';
import { EXIT, exitCodeOfError, exitCodeOfReport } from '../render/exit.ts';
import { formatOverrideOutcome, type OverrideOutcome } from '../render/override-report.ts';
import type { Log } from './log/log.ts';
import type { PassRun } from './pass-record.ts';

interface OverridePorts {
  readonly session: Session;
  readonly allowances: Allowances;
  readonly signal: AbortSignal;
  /** undefined until the daemon has started the loop. */
  readonly loop: () => Loop | undefined;
  readonly openWork: () => PassRun;
  readonly log: Log;
  readonly health: HealthSource;
}

/** The output of the command shows all changes. */
const LOGGED_CHANGES = 20;

/** Changes overrides between two passes of the loop, so that nothing else writes meanwhile. */
export class DaemonOverrides {
  readonly store: OverrideStore;
  readonly #ports: OverridePorts;

  constructor(ports: OverridePorts) {
    this.#ports = ports;
    this.store = openOverrideStore(ports.session.state, ports.session.warn);
  }

  /** Stores and applies a request at once. Throws what planning throws, and `IO`. */
  async change(request: OverrideRequest, allowUnserved: boolean): Promise<OverrideOutcome> {
    if (request.owner === FLEET_OWNER) {
      throw new IpvstateError('USAGE', 'overrides of the fleet are not changed on one director', {
        hint: 'End them with `ipvstate fleet undrain`.',
      });
    }
    return this.#between(request, allowUnserved);
  }

  /** Reads the overrides of the fleet. Throws `IO`. */
  async readFleet(): Promise<readonly Override[]> {
    return (await this.store.read()).overrides.filter(isOfFleet);
  }

  /** Throws when they could not be applied, or nobody knows. */
  async replaceFleet(overrides: readonly Override[]): Promise<string | undefined> {
    const by = [...new Set(overrides.map((each) => each.by))].join(', ') || 'the fleet';
    const request = { kind: 'replace', owner: FLEET_OWNER, by, overrides } as const;
    const { report } = await this.#between(request, false);
    if (report.outcome === 'applied' || report.outcome === 'in-sync') return undefined;
    if (report.outcome === 'refused') return report.refusals.map(describeRefusal).join('; ');
    throw report.error ?? new IpvstateError('KERNEL', `the table is ${report.outcome}`);
  }

  /**
   * Stores overrides of the fleet before the first pass, which finds them then. After a restart,
   * they are there already; after a boot, there are none. Without a fleet, those of an earlier one
   * are ended. Throws `IO`.
   */
  async begin(ofFleet: readonly Override[] | undefined): Promise<void> {
    const stored = await this.store.read();
    if (stored.overrides.some(isOfFleet) === (ofFleet !== undefined)) return;
    const others = stored.overrides.filter((each) => !isOfFleet(each));
    await this.store.write({ ...stored, overrides: [...others, ...(ofFleet ?? [])] });
  }

  async #between(request: OverrideChange, allowUnserved: boolean): Promise<OverrideOutcome> {
    const loop = this.#ports.loop();
    if (!loop) throw new IpvstateError('UNAVAILABLE', 'the daemon is still starting');
    return loop.between(() => this.#run(request, allowUnserved));
  }

  /** Moves and ends overrides that are due. The pass that follows tells what it could not do. */
  async settle(): Promise<OverrideWork> {
    return this.#run(undefined, false).catch((error: unknown) => {
      this.#ports.session.warn(reportedError(error).message);
      return { report: undefined };
    });
  }

  async #run(
    request: OverrideChange | undefined,
    allowUnserved: boolean,
  ): Promise<OverrideOutcome> {
    const { session, allowances, signal, loop, openWork } = this.#ports;
    const { config, protectedServices = new Set<never>() } = loop()?.state ?? {};
    const good = config?.good;
    if (!good)
      throw new IpvstateError('CONFIG', 'the daemon has no valid files yet; nothing was changed', {
        hint: '`ipvstate status` says what is wrong with them.',
      });
    const { desired, files } = good;
    const { names } = desired;
    const work = openWork();
    let counters: Counters = new Map();
    let run: OverrideRun;
    try {
      run = await runOverride(work.ipvs, desired, request, {
        drains: openDrainStore(session.state, session.warn),
        overrides: this.store,
        health: this.#ports.health,
        protectedServices,
        leavesHeld: true,
        allowances: { ...allowances, ...(allowUnserved && { unserved: true }) },
        signal,
        onPlan: async ({ snapshot }) => {
          counters = snapshot.counters;
        },
        confirm: async ({ plan, overrides }) => {
          const by = request?.by;
          await work.announce(plan, { trigger: 'override', files, names, overrides, by });
          return true;
        },
      });
    } catch (error) {
      await work.end({ outcome: 'error', report: undefined }, exitCodeOfError(error));
      throw error;
    }
    const { report } = run;
    const exitCode = exitCodeOfReport(report, false);
    await work.end({ outcome: report.outcome, report }, exitCode);
    const time = { now: this.store.now(), date: this.store.date() };
    const clock = { ...(await this.store.read()), ...time };
    const outcome = { ...run, clock, counters, names, isWatched: true };
    this.#log(request, outcome, exitCode);
    return outcome;
  }

  /** Logs what a command did, and what moved or ended by itself. */
  #log(request: OverrideChange | undefined, outcome: OverrideOutcome, exitCode: number): void {
    const { done: operations, outcome: end } = outcome.report;
    if (request?.kind !== 'set' && request?.kind !== 'end' && operations === 0) return;
    const fields = { event: 'override', by: request?.by, outcome: end, operations };
    const level = exitCode === EXIT.ok ? 'info' : 'warn';
    const who = request ? `asked for by ${printable(request.by)}` : 'whose time has come';
    const text = formatOverrideOutcome(outcome, LOGGED_CHANGES).trimEnd();
    this.#ports.log[level](fields, `overrides ${who}: ${end}\n${text}`);
  }
}

function isOfFleet({ owner }: Override): boolean {
  return owner === FLEET_OWNER;
}

/** A report of the fleet has no room for many services. */
const SHOWN_SERVICES = 2;

function describeRefusal({ message, services }: Refusal): string {
  const more = services.length > SHOWN_SERVICES ? ', ...' : '';
  return services.length === 0
    ? message
    : `${message}: ${services.slice(0, SHOWN_SERVICES).join(', ')}${more}`;
}
