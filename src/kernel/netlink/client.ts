import type {
  Ipvs,
  IpvsInfo,
  ReadOptions,
  Refused,
  ServiceTotals,
  Snapshot,
} from '../../model/ipvs.ts';
import type { Operation } from '../../model/operation.ts';
import { type Clock, systemClock } from './clock.ts';
import { LostError } from './connection.ts';
import { ConnectionPool } from './connection-pool.ts';
import { executeWave } from './execute.ts';
import { readInfo } from './queries.ts';
import { readSnapshot, readTotals } from './read.ts';
import { loadNativeSockets, type OpenSocket } from './socket.ts';

export interface KernelOptions {
  /** Default: the sockets of the native addon. */
  readonly openSocket?: OpenSocket;
  /** How long the kernel may be silent while it owes an answer. Default 10 000. */
  readonly timeoutMilliseconds?: number;
  readonly clock?: Clock;
}

const DEFAULT_TIMEOUT_MILLISECONDS = 10_000;
/** How often a read is made in all when its answers are lost or the kernel interrupts a dump. */
const READ_ATTEMPTS = 3;

/**
 * Opens the IPVS table of the network namespace of this process, over generic netlink. Throws
 * `UNAVAILABLE` when the native addon is missing. A kernel without IPVS is found by the first call.
 *
 * Sockets are opened when they are first needed. They keep the process alive until `close`.
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
    return this.#inTurn(() =>
      this.#pool.withFamily((family) => readInfo(this.#pool.command(), family)),
    );
  }

  read(options: ReadOptions = {}): Promise<Snapshot> {
    return this.#readInTurn((family) => readSnapshot(this.#pool, family, options));
  }

  readTotals(): Promise<readonly ServiceTotals[]> {
    return this.#readInTurn((family) => readTotals(this.#pool, family));
  }

  execute(wave: readonly Operation[]): Promise<Refused> {
    return this.#inTurn(() => executeWave(this.#pool, wave));
  }

  close(): void {
    this.#pool.close();
  }

  #readInTurn<T>(read: (family: number) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#pool.withFamily((family) => this.#readWhole(family, read)));
  }

  async #readWhole<T>(family: number, read: (family: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await read(family);
      } catch (error) {
        this.#pool.discardDumps();
        if (!(error instanceof LostError) || error.timedOut || attempt === READ_ATTEMPTS)
          throw error;
        this.#pool.growBuffers();
      }
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run, run);
    // The promise drops the result. A whole table would otherwise stay in memory until the next
    // call.
    const drop = () => {};
    this.#last = result.then(drop, drop);
    return result;
  }
}
