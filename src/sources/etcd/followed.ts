import { IpvstateError, reportedError } from '../../errors.ts';
import type { SeenRollout } from '../../fleet/progress.ts';
import type { Clock } from '../../model/clock.ts';
import type { Document, FollowedSource, SourceProblem, Watch, WatchOptions } from '../source.ts';
import type { EtcdClient } from './client.ts';
import {
  documentsOf,
  type Generation,
  nodesOf,
  pushCommand,
  readGeneration,
  requireCurrent,
} from './generation.ts';
import { KeyWatch } from './key-watch.ts';
import { type Current, currentKey } from './layout.ts';
import { chooseGeneration } from './rollouts.ts';

/** Keeps the last valid generation for a start without etcd. */
export interface GenerationStore {
  /** undefined when none was kept. */
  read(): Promise<Generation | undefined>;
  /** Never throws. */
  write(generation: Generation): Promise<void>;
}

/** The outside world of a followed configuration in etcd. */
export interface FollowedEtcdPorts {
  readonly client: EtcdClient;
  readonly prefix: string;
  readonly node: string | undefined;
  readonly store: GenerationStore | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * A configuration in etcd that is followed. After the first read, a read returns what the watch has
 * fetched, and waits for no network: the loop that reads must keep the table meanwhile. While etcd
 * cannot be read, or has less than before, the generation from before stays.
 */
export class FollowedEtcd implements FollowedSource {
  readonly #ports: FollowedEtcdPorts;
  #generation: Generation | undefined;
  #problem: SourceProblem | undefined;
  /** A generation that is older than the one in force: etcd lost data. It is never read. */
  #lost: Current | undefined;
  #fetching: Promise<void> = Promise.resolve();
  #watch: KeyWatch | undefined;
  /** The current generation of etcd, taken or not, as it was last seen. */
  #current: string | undefined;
  /** The rollout of the current generation, as it was last seen. */
  #rollout: SeenRollout | undefined;
  /** The generation that was read last: the watch may have fetched another one since. */
  #read: Generation | undefined;
  /** The generation that the store has. */
  #kept: string | undefined;

  constructor(ports: FollowedEtcdPorts) {
    this.#ports = ports;
  }

  get problem(): SourceProblem | undefined {
    return this.#problem;
  }

  get rollout(): SeenRollout | undefined {
    return this.#rollout;
  }

  get nodes(): readonly string[] {
    return this.#read ? nodesOf(this.#read) : [];
  }

  async read(): Promise<readonly Document[]> {
    const { prefix, node } = this.#ports;
    if (!this.#generation) await this.#fetch();
    this.#read = this.#generation;
    if (this.#read) return documentsOf(prefix, this.#read, node);
    const { message = 'it was not read yet', hint } = this.#problem ?? {};
    throw new IpvstateError('NO_INPUT', message, hint === undefined ? {} : { hint });
  }

  async keep(): Promise<void> {
    const { store } = this.#ports;
    if (!store || !this.#read || this.#kept === this.#read.sha256) return;
    this.#kept = this.#read.sha256;
    await store.write(this.#read);
  }

  refresh(): Promise<void> {
    return this.#fetch();
  }

  async watch({ onChange, onMode }: WatchOptions): Promise<Watch> {
    const { client, prefix, clock, random } = this.#ports;
    let isClosed = false;
    onMode?.('etcd', undefined);
    const refresh = async (): Promise<boolean> => {
      const before = [this.#generation, this.#problem?.message];
      await this.#fetch();
      const isNew = before[0] !== this.#generation || before[1] !== this.#problem?.message;
      if (isNew && !isClosed) void onChange();
      return this.#problem === undefined;
    };
    void onChange();
    const watch = new KeyWatch({
      ...{ client, key: currentKey(prefix), clock, random, refresh },
      seen: () => this.#current,
      rest: () => (this.#rollout?.isDone === false ? this.#rollout.lookMilliseconds : undefined),
    });
    this.#watch = watch;
    return {
      close: async () => {
        isClosed = true;
        await watch.close();
      },
    };
  }

  /**
   * Fetches the current generation when it is another one. One fetch follows the other: one that
   * goes on may have read `current` before the event that asks for this one.
   */
  #fetch(): Promise<void> {
    this.#fetching = this.#fetching.then(() => this.#fetchNow());
    return this.#fetching;
  }

  async #fetchNow(): Promise<void> {
    const { client, prefix, node, store } = this.#ports;
    try {
      // The generation from before tells whether etcd lost data while the daemon was stopped.
      if (!this.#generation) this.#generation = await store?.read();
      const current = await requireCurrent(client, prefix);
      this.#current = current.sha256;
      const lost = this.#isLost(current);
      if (lost) this.#problem = lost;
      else {
        const own = this.#generation;
        const name = node ?? '';
        const choice = await chooseGeneration(client, prefix, current, name, own, this.#rollout);
        const chosen = choice.generation;
        if (chosen && chosen.sha256 !== this.#generation?.sha256)
          this.#generation = await readGeneration(client, prefix, chosen);
        this.#follow(choice.rollout);
        this.#lost = undefined;
        this.#problem = undefined;
      }
    } catch (error) {
      const { message, hint } = reportedError(error);
      this.#problem = { message, ...(hint !== undefined && { hint }) };
    }
    this.#watch?.learn(this.#problem === undefined);
  }

  /** Looks more often while a rollout goes on. */
  #follow(rollout: SeenRollout | undefined): void {
    const wasOver = this.#rollout?.isDone !== false;
    this.#rollout = rollout;
    if (wasOver && rollout?.isDone === false) this.#watch?.restAnew();
  }

  /**
   * Tells whether etcd was put back to an earlier state. Each push has a higher number, so that a
   * lower one, or another generation of the same number, says so. A push after that is deliberate.
   */
  #isLost(current: Current): SourceProblem | undefined {
    const known = this.#generation;
    const isSame = known?.sha256 === current.sha256;
    if (!known || isSame || current.generation > known.generation) return undefined;
    if (this.#lost && current.generation > this.#lost.generation) return undefined;
    this.#lost = current;
    return {
      message:
        `etcd:${this.#ports.prefix} went back from generation ${known.generation} to ` +
        `${current.generation}: it may be an old backup`,
      hint:
        `The next push is read again. If generation ${current.generation} is right: ` +
        `${pushCommand(this.#ports.prefix, `--generation ${current.generation}`)}.`,
    };
  }
}
