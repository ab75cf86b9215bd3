import type { FleetDaemon } from '../../fleet/nodes.ts';
import type { EtcdClient } from '../../sources/etcd/client.ts';
import { readDaemons } from '../../sources/etcd/nodes.ts';

/**
 * Finds other daemons that report under the name of this one. A daemon counts when two looks found
 * it: the key of one that crashed stays until its lease is over. One of them speaks for the name.
 */
export class Namesakes {
  readonly #own: string;
  readonly #milliseconds: number;
  #lookedAt: number | undefined;
  #seen: readonly FleetDaemon[] = [];
  #isFirst = false;

  /** `own` is the identity of this daemon. It looks once in so many milliseconds. */
  constructor(own: string, milliseconds: number) {
    this.#own = own;
    this.#milliseconds = milliseconds;
  }

  /**
   * True when no other daemon of the name began before this one, as the last look found. Two that
   * tell the progress of one name would overwrite each other, and no rollout could judge by it.
   */
  get isFirst(): boolean {
    return this.#isFirst;
  }

  /** Returns the other daemons at `now`, in milliseconds. undefined: nothing new is known yet. */
  async look(
    client: EtcdClient,
    prefix: string,
    node: string,
    now: number,
  ): Promise<readonly FleetDaemon[] | undefined> {
    if (this.#lookedAt !== undefined && now - this.#lookedAt < this.#milliseconds) return undefined;
    const daemons = await readDaemons(client, prefix, node);
    const others = daemons
      .filter(({ id }) => id !== this.#own)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const before = new Set(this.#seen.map(({ id }) => id));
    this.#lookedAt = now;
    this.#seen = others;
    this.#isFirst = others.length === 0 || daemons[0]?.id === this.#own;
    return others.filter(({ id }) => before.has(id));
  }
}
