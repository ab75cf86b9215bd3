import { reportedError } from '../../errors.ts';
import { isSameReport, type NodeReport, shortReport } from '../../fleet/node-report.ts';
import type { FleetDaemon } from '../../fleet/nodes.ts';
import { isSameProgress } from '../../fleet/progress.ts';
import type { NodeProgress } from '../../fleet/rollout.ts';
import type { Clock } from '../../model/clock.ts';
import type { EtcdClient } from '../../sources/etcd/client.ts';
import { grantLease, keepLease, type Lease, revokeLease } from '../../sources/etcd/leases.ts';
import { writeNode } from '../../sources/etcd/nodes.ts';
import { jittered } from '../../sources/files/clock.ts';
import { Namesakes } from './namesakes.ts';

export interface ReporterPorts {
  readonly client: EtcdClient;
  readonly prefix: string;
  readonly node: string;
  /** This daemon among those that report under the name. */
  readonly daemon: { readonly id: string; readonly host: string };
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Describes the node now. */
  readonly report: () => Promise<NodeReport>;
  /** Describes its part in a rollout now. null: there is nothing to tell. */
  readonly progress: () => Promise<NodeProgress | null>;
  /** Called before the node says that it is there, at first and after it was away. */
  readonly onReturn: () => Promise<void>;
  /** Is told why the node cannot report, and undefined when it can again. */
  readonly onProblem: (message: string | undefined) => void;
  /** Is told of the other daemons that report under the name, each time that it looks. */
  readonly onNamesakes: (others: readonly FleetDaemon[]) => void;
}

/** The time after which a node counts as away. It is kept three times as often. */
const LEASE_SECONDS = 15;
const KEEP_MILLISECONDS = 5000;
/** Between two looks for other daemons. One that crashed is gone before the second look. */
const NAMESAKE_MILLISECONDS = 2 * LEASE_SECONDS * 1000;
/** Changes within this time make one report. */
const QUIET_MILLISECONDS = 200;
/** Until the next attempt. The time doubles with each failure. */
const RETRY = { first: 1000, most: 30_000 };
/** The time that a daemon that stops spends to say so. */
const FAREWELL_MILLISECONDS = 1000;

/**
 * Tells the fleet the state of a node: a report when the state has changed, and a lease that is
 * kept alive. It has a rhythm of its own, so that nothing waits for etcd.
 */
export class NodeReporter {
  readonly #ports: ReporterPorts;
  readonly #closing = new AbortController();
  readonly #namesakes: Namesakes;
  #lease: Lease | undefined;
  /** The report that etcd has. */
  #told: { readonly report: NodeReport; readonly progress: NodeProgress | null } | undefined;
  #problem: string | undefined;
  #hasChanged = false;
  #wake: () => void = () => {};
  #running: Promise<void> | undefined;

  constructor(ports: ReporterPorts) {
    this.#ports = ports;
    this.#namesakes = new Namesakes(ports.daemon.id, NAMESAKE_MILLISECONDS);
  }

  /** Looks at the state soon. To be called with every new state; the first call begins. */
  changed(): void {
    this.#hasChanged = true;
    this.#running ??= this.#run();
    this.#wake();
  }

  /** Says that the node stops, when etcd answers quickly. Never throws. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    const ended = (this.#running ?? Promise.resolve()).then(() => this.#farewell());
    await Promise.race([ended.catch(() => {}), this.#pass(FAREWELL_MILLISECONDS)]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let delay = RETRY.first; !signal.aborted; ) {
      await this.#pass(QUIET_MILLISECONDS);
      if (signal.aborted) return;
      this.#hasChanged = false;
      if (await this.#tell()) {
        delay = RETRY.first;
        await this.#sleepUntilChange(KEEP_MILLISECONDS);
      } else {
        await this.#sleep(delay);
        delay = Math.min(2 * delay, RETRY.most);
      }
    }
  }

  async #tell(): Promise<boolean> {
    const { client, prefix, node, daemon, clock } = this.#ports;
    try {
      if (this.#lease === undefined || !(await keepLease(client, this.#lease))) {
        this.#told = undefined;
        await this.#ports.onReturn();
        this.#lease = await grantLease(client, LEASE_SECONDS);
      }
      const others = await this.#namesakes.look(client, prefix, node, clock.now());
      const report = shortReport(await this.#ports.report());
      const progress = this.#namesakes.isFirst ? await this.#ports.progress() : null;
      const told = this.#told;
      const isNew = !told || !isSameReport(told.report, report);
      const isFurther = progress !== null && !isSameProgress(told?.progress ?? null, progress);
      if (isNew || isFurther) {
        await writeNode(client, prefix, node, {
          ...(isNew && { report }),
          ...(isFurther && { progress: { ...progress, stopped: false } }),
          ...(!told && { life: { ...daemon, lease: this.#lease } }),
        });
        this.#told = { report, progress };
      }
      if (others) this.#ports.onNamesakes(others);
      this.#say(undefined);
      return true;
    } catch (error) {
      // The lease may be over, or be that of an etcd which was replaced.
      this.#lease = undefined;
      this.#say(reportedError(error).message);
      return false;
    }
  }

  async #farewell(): Promise<void> {
    const { client, prefix, node } = this.#ports;
    const lease = this.#lease;
    if (lease === undefined || !this.#told) return;
    const report = { ...shortReport(await this.#ports.report()), stopped: true };
    const { progress } = this.#told;
    await writeNode(client, prefix, node, {
      report,
      ...(progress && { progress: { ...progress, stopped: true } }),
    });
    await revokeLease(client, lease);
  }

  #say(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#ports.onProblem(problem);
  }

  #sleepUntilChange(milliseconds: number): Promise<void> {
    return this.#hasChanged ? Promise.resolve() : this.#sleep(milliseconds, true);
  }

  /** Sleeps until the reporter is closed or, with `wakes`, something has changed. */
  #sleep(milliseconds: number, wakes = false): Promise<void> {
    const { clock, random } = this.#ports;
    return new Promise((resolve) => {
      const cancel = clock.after(jittered(milliseconds, random), resolve);
      this.#wake = () => {
        if (!wakes && !this.#closing.signal.aborted) return;
        cancel();
        resolve();
      };
    });
  }

  #pass(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#ports.clock.after(milliseconds, resolve);
    });
  }
}
