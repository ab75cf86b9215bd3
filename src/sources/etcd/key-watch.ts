import type { Clock } from '../../model/clock.ts';
import { jittered } from '../files/clock.ts';
import type { EtcdClient } from './client.ts';

interface KeyWatchPorts {
  readonly client: EtcdClient;
  /** The key that is watched. One that ends in `/` stands for all keys that begin with it. */
  readonly key: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Reads the keys. Returns false when etcd could not be read. Never throws. */
  readonly refresh: () => Promise<boolean>;
  /** The values of the keys, as they were last read. */
  readonly seen: () => string | undefined;
  /** The time until the next look without an event, in milliseconds. Default: `POLL`. */
  readonly rest?: () => number | undefined;
}

/**
 * Between two looks while the watch tells every change, in milliseconds. A watch whose connection
 * hangs tells nothing.
 */
const POLL = 30_000;
/** Until a lost watch is begun anew. The time doubles with each failure. */
const RETRY = { first: 1000, most: 30_000 };

/** Reads keys of etcd whenever they may have changed, until it is closed. */
export class KeyWatch {
  readonly #ports: KeyWatchPorts;
  readonly #closing = new AbortController();
  readonly #running: Promise<unknown>;
  #isReadable = true;
  /** Ends the watch that goes on. */
  #stream: AbortController | undefined;
  /** Ends the time until the next look. */
  #rest: AbortController | undefined;
  /** Ends the time until the next watch. */
  #pause: AbortController | undefined;

  constructor(ports: KeyWatchPorts) {
    this.#ports = ports;
    this.#running = Promise.all([this.#watchForEver(), this.#pollForEver()]);
  }

  /** Computes the time until the next look anew. */
  restAnew(): void {
    this.#rest?.abort();
  }

  /** Is told by every read of the keys whether etcd could be read. */
  learn(isReadable: boolean): void {
    if (isReadable && !this.#isReadable) this.#pause?.abort();
    this.#isReadable = isReadable;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #refresh(): Promise<void> {
    this.learn(await this.#ports.refresh());
  }

  /** Begins the watch anew whenever it ends: after a while, or when etcd can be read again. */
  async #watchForEver(): Promise<void> {
    const { client, key } = this.#ports;
    const { signal: closing } = this.#closing;
    for (let delay = RETRY.first; !closing.aborted; delay = Math.min(2 * delay, RETRY.most)) {
      this.#stream = new AbortController();
      const signal = AbortSignal.any([closing, this.#stream.signal]);
      const onEvent = (): void => {
        delay = RETRY.first;
        void this.#refresh();
      };
      await client.watch(key, onEvent, signal).catch(() => undefined);
      if (closing.aborted) return;
      this.#pause = new AbortController();
      await this.#sleep(delay, AbortSignal.any([closing, this.#pause.signal]));
      await this.#refresh();
    }
  }

  async #pollForEver(): Promise<void> {
    const { signal: closing } = this.#closing;
    while (!closing.aborted) {
      this.#rest = new AbortController();
      const signal = AbortSignal.any([closing, this.#rest.signal]);
      await this.#sleep(this.#ports.rest?.() ?? POLL, signal);
      if (closing.aborted) return;
      const before = this.#ports.seen();
      await this.#refresh();
      // The connection of the watch hangs, or may hang as well. It would not come back.
      if (!this.#isReadable || this.#ports.seen() !== before) this.#stream?.abort();
    }
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
