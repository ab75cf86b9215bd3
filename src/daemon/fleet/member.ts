import { createHash } from 'node:crypto';
import { hostname, release } from 'node:os';
import type { NodeGenerations, NodeReport } from '../../fleet/node-report.ts';
import { type FleetDaemon, nodesKey, reportKey } from '../../fleet/nodes.ts';
import { nextProgress, type SeenRollout, type TimedProgress } from '../../fleet/progress.ts';
import type { NodeProgress } from '../../fleet/rollout.ts';
import type { Clock } from '../../model/clock.ts';
import { printable } from '../../model/printable.ts';
import type { Table } from '../../model/table.ts';
import { isAsDesired } from '../../reconcile/loop/health.ts';
import type { LoopState } from '../../reconcile/loop/loop-state.ts';
import type { TableLife } from '../../recovery/state.ts';
import type { EtcdClient } from '../../sources/etcd/client.ts';
import { readProgress } from '../../sources/etcd/nodes.ts';
import { readFailureAway } from '../../sources/etcd/rollouts.ts';
import type { Log } from '../log/log.ts';
import type { FleetStatus, Status } from '../status/status.ts';
import type { FleetOverrides } from './fleet-overrides.ts';
import { generationsOf, reportOf, verdictOf } from './node-report.ts';
import { NodeReporter } from './reporter.ts';
import { digestsOfTable, type TableDigests } from './table-digest.ts';

/** The place in etcd that a director reports to, and its name there. */
export interface FleetPlace {
  readonly client: EtcdClient;
  /** The members of etcd. */
  readonly hosts: readonly string[];
  readonly prefix: string;
  readonly node: string;
}

interface MemberPorts extends FleetPlace {
  readonly log: Log;
  /** The table that the daemon keeps. There is one daemon for each. */
  readonly life: TableLife;
  readonly clock: Clock;
  readonly now: () => Date;
  readonly state: () => LoopState;
  readonly status: () => Status;
  readonly rollout: () => SeenRollout | undefined;
  readonly overrides: Pick<FleetOverrides, 'report' | 'held' | 'problem'>;
}

/** The daemon as a member of a fleet: it reports its state, and says when it cannot. */
export class FleetMember {
  readonly #ports: MemberPorts;
  readonly #reporter: NodeReporter;
  #problem: { readonly message: string; readonly since: string } | undefined;
  /** The files that were last applied, and their generation. */
  #applied: { readonly digest: string | undefined; readonly generation: number } | undefined;
  /** The machines of other daemons with the name of this one, as they were logged. */
  #namesakes = '';
  #timed: TimedProgress | undefined;
  /** True once the progress from before this daemon was read. */
  #knowsProgress = false;
  #digests: { readonly of: Table; readonly found: TableDigests } | undefined;

  constructor(ports: MemberPorts) {
    this.#ports = ports;
    const { client, prefix, node, clock, life } = ports;
    const daemon = { id: daemonId(life), host: hostname() };
    this.#reporter = new NodeReporter({
      ...{ client, prefix, node, daemon, clock, random: Math.random },
      report: () => this.#report(),
      progress: () => this.#progress(),
      onReturn: () => this.#comeBack(),
      onProblem: (message) => this.#say(message),
      onNamesakes: (others) => this.#sayNamesakes(others),
    });
  }

  /** To be called with every new state of the loop. */
  changed(): void {
    const state = this.#ports.state();
    const { applied } = generationsOf(state);
    if (applied !== null) this.#applied = { digest: state.applied, generation: applied };
    this.#reporter.changed();
  }

  close(): Promise<void> {
    return this.#reporter.close();
  }

  get status(): FleetStatus {
    const { node, overrides } = this.#ports;
    const problem = this.#problem;
    return {
      node,
      generation: this.#generations,
      error: problem
        ? { ...problem, code: 'NO_INPUT', hint: this.#hintFor(problem.message), position: null }
        : null,
      overrides_held: overrides.held,
      overrides_unknown: overrides.problem ?? null,
    };
  }

  /** A later generation can be in force, and held back: the table is still as the last one says. */
  get #generations(): NodeGenerations {
    const state = this.#ports.state();
    const found = generationsOf(state);
    const known = this.#applied?.digest === state.applied ? this.#applied?.generation : undefined;
    return { ...found, applied: found.applied ?? known ?? null };
  }

  /** Only a refusal is about the permissions. */
  #hintFor(message: string): string | null {
    const { prefix, node } = this.#ports;
    if (!message.includes(' refuses')) return null;
    const places = `${nodesKey(prefix)}${node}/ and ${reportKey(prefix, node)}`;
    return `Its user needs to write ${places}: see \`ipvstate help directors\`.`;
  }

  async #report(): Promise<NodeReport> {
    const { state, status, now, overrides } = this.#ports;
    const digests = await this.#tableDigests(state());
    const own = status();
    return reportOf(own, state(), {
      host: hostname(),
      versions: {
        ipvstate: own.program.version,
        node: process.versions.node,
        kernel: release(),
      },
      at: now().toISOString(),
      table: digests?.table ?? null,
      services: digests?.services ?? null,
      generation: this.#generations,
      fleet_overrides: overrides.report,
    });
  }

  /** Others may have seen this node fail while it was away. It does not hide that from them. */
  async #comeBack(): Promise<void> {
    const { client, prefix, node } = this.#ports;
    const failure = await readFailureAway(client, prefix, node);
    if (failure) this.#timed = { progress: failure, goodSince: undefined };
  }

  async #progress(): Promise<NodeProgress | null> {
    const { client, prefix, node, clock, state, rollout } = this.#ports;
    const seen = rollout();
    if (!seen) return this.#timed?.progress.stage === 'failed' ? this.#timed.progress : null;
    if (!this.#knowsProgress) {
      const progress = await readProgress(client, prefix, node);
      this.#timed ??= progress && { progress, goodSince: undefined };
      this.#knowsProgress = true;
    }
    const verdict = verdictOf(state(), seen.generation);
    this.#timed = nextProgress(this.#timed, seen, verdict, clock.now() / 1000);
    const { progress } = this.#timed;
    // A node that waits has nothing to tell: each push would make every node write.
    return progress.stage === 'waiting' && progress.halt === null ? null : progress;
  }

  /** A pass that left the table as desired has read it whole. */
  async #tableDigests({ lastPass, health, config }: LoopState): Promise<TableDigests | undefined> {
    const table = lastPass?.report?.plan.desired;
    if (!table || !isAsDesired(health)) return undefined;
    if (this.#digests?.of !== table) {
      const manage = config.good?.desired.policy?.manage;
      this.#digests = { of: table, found: await digestsOfTable(table, manage) };
    }
    return this.#digests.found;
  }

  #say(message: string | undefined): void {
    const { log, now, node } = this.#ports;
    const wasSilent = this.#problem !== undefined;
    this.#problem =
      message === undefined
        ? undefined
        : { message, since: this.#problem?.since ?? now().toISOString() };
    if (message === undefined) {
      if (wasSilent) log.info({ event: 'fleet-reports' }, `${node} reports to the fleet again`);
    } else if (!wasSilent) {
      const hint = this.#hintFor(message);
      const text = `${node} does not report to the fleet: ${message}`;
      log.warn({ event: 'fleet-silent' }, hint === null ? text : `${text}\n${hint}`);
    }
  }

  /** Logs the other daemons with the name of this one, when there are others than before. */
  #sayNamesakes(others: readonly FleetDaemon[]): void {
    const { log, node } = this.#ports;
    const machines = others.map(({ host = 'an unknown machine' }) => printable(host)).join(', ');
    if (machines === this.#namesakes) return;
    this.#namesakes = machines;
    if (machines === '') {
      log.info({ event: 'fleet-name-unique' }, `no other daemon reports as ${node} any more`);
      return;
    }
    const text = `another daemon reports as ${node}, too: on ${machines}`;
    const hint = 'Each hides the reports of the other. Give each director a --node of its own.';
    log.warn({ event: 'fleet-name-taken' }, `${text}\n${hint}`);
  }
}

/** Returns an identity that a daemon keeps when it starts again for the same table. */
function daemonId({ boot, netns }: TableLife): string {
  const text = JSON.stringify([hostname(), boot, netns]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
