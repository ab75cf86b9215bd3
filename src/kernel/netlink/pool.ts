import type { Clock } from './clock.ts';
import { Connection, LostError } from './connection.ts';
import { resolveFamily } from './family.ts';
import type { OpenSocket } from './socket.ts';

/** Enough for every answer to a request that is no dump. */
const COMMAND_DATAGRAM = 4096;
/** A page more than the first chunk of a dump; larger ones cost more for their zeroing than they save in system calls. */
const DUMP_DATAGRAM = 8192;
/** Asked for; the kernel caps it by net.core.rmem_max. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

export interface PoolOptions {
  readonly openSocket: OpenSocket;
  readonly clock: Clock;
  readonly timeoutMilliseconds: number;
}

/** The open connections of a client - one for commands, some for dumps - and the family id. All are opened when first needed. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  #receiveBufferSize = RECEIVE_BUFFER;
  #command: Connection | undefined;
  #dumps: Connection[] = [];
  #family: number | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
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

  async family(): Promise<number> {
    this.#family ??= await resolveFamily(this.command());
    return this.#family;
  }

  /** The id answered ENOENT: the module was loaded again, or is gone. */
  forgetFamily(): void {
    this.#family = undefined;
  }

  /** Drops the dump connections: one of them broke, and the others are in the middle of something. */
  discardDumps(): void {
    for (const connection of this.#dumps) connection.close();
    this.#dumps = [];
  }

  /** Replies were dropped: sockets opened from now on ask for twice the buffer. */
  growBuffers(): void {
    this.#receiveBufferSize *= 2;
  }

  close(): void {
    this.#closed = true;
    this.discardDumps();
    this.#command?.close();
    this.#command = undefined;
  }

  #open(datagramSize: number): Connection {
    if (this.#closed) throw new LostError('the connection was closed');
    const { openSocket, clock, timeoutMilliseconds } = this.#options;
    return new Connection({ openSocket, clock, timeoutMilliseconds, socket: { datagramSize, receiveBufferSize: this.#receiveBufferSize } });
  }
}
