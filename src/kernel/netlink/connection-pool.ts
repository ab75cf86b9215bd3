import type { Clock } from './clock.ts';
import { Connection, LostError, StaleFamilyError } from './connection.ts';
import { readFamilyId, unavailable } from './queries.ts';
import type { OpenSocket } from './socket.ts';

/** Bytes that hold every reply that is not part of a dump. */
const COMMAND_DATAGRAM = 4096;
/**
 * Bytes for a datagram of a dump: more than its first chunk, which is a page. A larger buffer costs
 * more for its zeros than it saves in system calls.
 */
const DUMP_DATAGRAM = 8192;
/** Bytes to ask for. The kernel grants at most net.core.rmem_max. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;
/** How often a request is sent again because its family id is stale. */
const MAX_RESOLUTIONS = 3;

export interface ConnectionPoolOptions {
  readonly openSocket: OpenSocket;
  readonly clock: Clock;
  readonly timeoutMilliseconds: number;
}

/**
 * The connections of one client, one for commands and some for dumps, and the id of the IPVS
 * family. Opens each when it is first needed.
 */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  #receiveBufferSize = RECEIVE_BUFFER;
  #command: Connection | undefined;
  #dumps: Connection[] = [];
  #family: number | undefined;
  #isClosed = false;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
  }

  command(): Connection {
    if (!this.#command?.isOpen) this.#command = this.#open(COMMAND_DATAGRAM);
    return this.#command;
  }

  dumps(count: number): readonly Connection[] {
    this.#dumps = this.#dumps.filter((connection) => connection.isOpen);
    while (this.#dumps.length < count) this.#dumps.push(this.#open(DUMP_DATAGRAM));
    return this.#dumps.slice(0, count);
  }

  /**
   * Calls `run` with the id of the IPVS family. Asks for the id and calls `run` again when `run`
   * throws `StaleFamilyError`, which happens after the module was loaded again. Throws
   * `UNAVAILABLE` when there is no module.
   */
  async withFamily<T>(run: (family: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      this.#family ??= await readFamilyId(this.command());
      try {
        return await run(this.#family);
      } catch (error) {
        if (!(error instanceof StaleFamilyError)) throw error;
        this.#family = undefined;
        if (attempt === MAX_RESOLUTIONS) throw unavailable();
      }
    }
  }

  /**
   * Closes the dump connections. After one has failed, the others are in the middle of a dump that
   * nobody needs.
   */
  discardDumps(): void {
    for (const connection of this.#dumps) connection.close();
    this.#dumps = [];
  }

  /** Doubles the receive buffer of the connections that are opened from now on. */
  growBuffers(): void {
    this.#receiveBufferSize *= 2;
  }

  close(): void {
    this.#isClosed = true;
    this.discardDumps();
    this.#command?.close();
    this.#command = undefined;
  }

  #open(datagramSize: number): Connection {
    if (this.#isClosed) throw new LostError('the connection was closed');
    return new Connection({
      ...this.#options,
      socket: { datagramSize, receiveBufferSize: this.#receiveBufferSize },
    });
  }
}
