import { IpvstateError, reportedError } from '../../errors.ts';
import type { SeenRollout } from '../../fleet/progress.ts';
import type { Clock } from '../../model/clock.ts';
import { jittered } from '../files/clock.ts';
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
 * Between two reads of `current` while the watch tells every change, in milliseconds. A watch whose
 * connection hangs tells nothing.
 */
const POLL = 30_000;
/** Until a lost watch is begun anew. The time doubles with each failure. */
const RETRY = { first: 1000, most: 30_000 };

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
  /** Ends the watch that goes on. */
  #stream: AbortController | undefined;
  /** The current generation of etcd, taken or not, as it was last seen. */
  #current: string | undefined;
  /** The rollout of the current generation, as it was last seen. */
  #rollout: SeenRollout | undefined;
  /** Ends the time until the next look. */
  #rest: AbortController | undefined;
  /** Ends the time until the next watch. */
  #pause: AbortController | undefined;
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
    const closing = new AbortController();
    onMode?.('etcd', undefined);
    const refresh = async (): Promise<void> => {
      const before = [this.#generation, this.#problem?.message];
      await this.#fetch();
      const isNew = before[0] !== this.#generation || before[1] !== this.#problem?.message;
      if (isNew && !closing.signal.aborted) void onChange();
    };
    void onChange();
    const watching = this.#watchForEver(refresh, closing.signal);
    const polling = this.#pollForEver(refresh, closing.signal);
    return {
      close: async () => {
        closing.abort();
        await Promise.all([watching, polling]);
      },
    };
  }

  /** Begins the watch anew whenever it ends: after a while, or when etcd can be read again. */
  async #watchForEver(refresh: () => Promise<void>, closing: AbortSignal): Promise<void> {
    const { client, prefix } = this.#ports;
    for (let delay = RETRY.first; !closing.aborted; delay = Math.min(2 * delay, RETRY.most)) {
      this.#stream = new AbortController();
      const signal = AbortSignal.any([closing, this.#stream.signal]);
      const onEvent = (): void => {
        delay = RETRY.first;
        void refresh();
      };
      await client.watch(currentKey(prefix), onEvent, signal).catch(() => undefined);
      if (closing.aborted) return;
      this.#pause = new AbortController();
      await this.#sleep(delay, AbortSignal.any([closing, this.#pause.signal]));
      await refresh();
    }
  }

  async #pollForEver(refresh: () => Promise<void>, closing: AbortSignal): Promise<void> {
    while (!closing.aborted) {
      this.#rest = new AbortController();
      const isOver = this.#rollout?.isDone !== false;
      const signal = AbortSignal.any([closing, this.#rest.signal]);
      await this.#sleep(isOver ? POLL : (this.#rollout?.lookMilliseconds ?? POLL), signal);
      if (closing.aborted) return;
      const before = this.#current;
      await refresh();
      // The connection of the watch hangs, or may hang as well. It would not come back.
      if (this.#problem || this.#current !== before) this.#stream?.abort();
    }
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
        if (this.#problem) this.#pause?.abort();
        this.#problem = undefined;
      }
    } catch (error) {
      const { message, hint } = reportedError(error);
      this.#problem = { message, ...(hint !== undefined && { hint }) };
    }
  }

  /** Looks more often while a rollout goes on. */
  #follow(rollout: SeenRollout | undefined): void {
    const wasOver = this.#rollout?.isDone !== false;
    this.#rollout = rollout;
    if (wasOver && rollout?.isDone === false) this.#rest?.abort();
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

  #sleep(milliseconds: number, closing: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        closing.removeEventListener('abort', done);
        resolve();
      };
      const cancel = clock.after(jittered(milliseconds, random), done);
      closing.addEventListener('abort', done);
    });
  }
}
