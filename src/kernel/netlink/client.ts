import type { Ipvs, IpvsInfo, ReadOptions, Refused, Snapshot } from '../../model/ipvs.ts';
import type { Operation } from '../../model/operation.ts';
import { type Clock, systemClock } from './clock.ts';
import { LostError } from './connection.ts';
import { executeWave } from './execute.ts';
import { ConnectionPool } from './pool.ts';
import { readSnapshot } from './read.ts';
import { readInfo } from './request.ts';
import { loadNativeSockets, type OpenSocket } from './socket.ts';
import { withFamily } from './stale.ts';

export interface KernelOptions {
  /** Default: the native addon's sockets. */
  readonly openSocket?: OpenSocket;
  /** How long the kernel may be silent while answers are due. Default 10 000. */
  readonly timeoutMilliseconds?: number;
  readonly clock?: Clock;
}

const DEFAULT_TIMEOUT_MILLISECONDS = 10_000;
/** Times a broken read is begun again before its error is thrown. */
const READ_ATTEMPTS = 3;

/**
 * The IPVS table of this process's network namespace, over generic netlink. Sockets are opened when first needed, and keep the
 * process alive until `close`. Throws `UNAVAILABLE` when the native addon is missing; a kernel without IPVS shows at the first call.
 */
export async function openKernel(options: KernelOptions = {}): Promise<Ipvs> {
  return new Kernel(
    new ConnectionPool({
      openSocket: options.openSocket ?? (await loadNativeSockets()),
      clock: options.clock ?? systemClock,
      timeoutMilliseconds: options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
    }),
  );
}

/** Calls are executed one after the other, in the order in which they were made. */
class Kernel implements Ipvs {
  readonly #pool: ConnectionPool;
  #last: Promise<unknown> = Promise.resolve();

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  info(): Promise<IpvsInfo> {
    return this.#inTurn(() => withFamily(this.#pool, (family) => readInfo(this.#pool.command(), family)));
  }

  read(options: ReadOptions = {}): Promise<Snapshot> {
    return this.#inTurn(() => withFamily(this.#pool, (family) => this.#readUnbroken(family, options)));
  }

  execute(wave: readonly Operation[]): Promise<Refused> {
    return this.#inTurn(() => executeWave(this.#pool, wave));
  }

  close(): void {
    this.#pool.close();
  }

  async #readUnbroken(family: number, options: ReadOptions): Promise<Snapshot> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await readSnapshot(this.#pool, family, options);
      } catch (error) {
        this.#pool.discardDumps();
        if (!(error instanceof LostError) || error.timedOut || attempt === READ_ATTEMPTS) throw error;
        this.#pool.growBuffers();
      }
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run, run);
    // Without what it was: a whole table would live until the next call.
    const isOver = () => {};
    this.#last = result.then(isOver, isOver);
    return result;
  }
}
