import { IpvstateError } from '../../errors.ts';
import type { Bytes } from './attributes.ts';
import { malformed } from './attributes.ts';
import type { Clock } from './clock.ts';
import type { OpenSocket, RawSocket, SocketOptions } from './socket.ts';
import { NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NLMSG_HDRLEN, NLMSG_NOOP } from './uapi.ts';
import { LITTLE_ENDIAN, MessageWriter } from './writer.ts';

/** Most memory that one reply takes in the receive queue, whichever kernel (measured: 768 to 1280 bytes for an ACK, an error or a service). */
const BYTES_PER_REPLY = 1280;
/** The event loop stands still while the kernel executes a batch. */
const MAX_BATCH = 512;
/** kernel: af_netlink.c netlink_sendmsg refuses len > sk_sndbuf - 32. */
const SEND_OVERHEAD = 32;

/** What happens to the answers of one exchange. `index` counts the requests of the exchange from 0. */
export interface ReplyHandler {
  /** A data message; its genl payload after the headers is `[start, end)` of the datagram. */
  data?(bytes: Bytes, start: number, end: number, index: number): void;
  /** The kernel refused the request. `errno` is positive. */
  refused(errno: number, index: number): void;
}

interface Exchange {
  readonly first: number;
  readonly last: number;
  readonly dump: boolean;
  readonly handler: ReplyHandler;
  readonly resolve: () => void;
  readonly reject: (error: IpvstateError) => void;
}

export interface ConnectionOptions {
  readonly openSocket: OpenSocket;
  readonly socket: SocketOptions;
  readonly clock: Clock;
  /** How long the kernel may be silent while answers are due. */
  readonly timeoutMilliseconds: number;
}

/**
 * One socket with framing, sequence numbers and a deadline. At most one exchange is under way: a packed batch whose last request
 * always answers (the fence), or a dump. An exchange that breaks (lost, late or undecodable replies) rejects with `LOST` or
 * `PROTOCOL` and ends the connection: what it would receive afterwards belongs to nobody.
 */
export class Connection {
  /** Requests that may be under way at once: all their answers fit into the receive buffer. */
  readonly batchLimit: number;
  /** Bytes that one send may carry. */
  readonly sendLimit: number;
  readonly writer = new MessageWriter();
  readonly #socket: RawSocket;
  readonly #options: ConnectionOptions;
  #exchange: Exchange | undefined;
  #sequence = 0;
  #heard = false;
  #watching = false;
  #open = true;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = options.openSocket(options.socket, {
      received: (datagram) => this.#receive(datagram),
      failed: (cause) => this.#fail(lost('the netlink socket failed', cause)),
    });
    this.batchLimit = Math.max(1, Math.min(MAX_BATCH, Math.floor(this.#socket.receiveBufferSize / BYTES_PER_REPLY)));
    this.sendLimit = this.#socket.sendBufferSize - SEND_OVERHEAD;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  close(): void {
    this.#fail(lost('the connection was closed'));
  }

  /** Sequence number for the next request to be written; they are consecutive from `begin` on. */
  begin(): number {
    if (this.#exchange) throw new Error('an exchange is under way');
    this.writer.clear();
    if (this.#sequence > 0x7fff_0000) this.#sequence = 0;
    return this.#sequence + 1;
  }

  /** Sends the `count` requests in the writer; resolves with the answer to the last one, which must be a request that always answers. */
  batch(count: number, handler: ReplyHandler): Promise<void> {
    return this.#start(count, false, handler);
  }

  /** Sends the dump request in the writer; resolves after its last message, or after its refusal. */
  dump(handler: ReplyHandler): Promise<void> {
    return this.#start(1, true, handler);
  }

  #start(count: number, dump: boolean, handler: ReplyHandler): Promise<void> {
    if (!this.#open) return Promise.reject(lost('the connection is closed'));
    const first = this.#sequence + 1;
    this.#sequence += count;
    return new Promise((resolve, reject) => {
      this.#exchange = { first, last: this.#sequence, dump, handler, resolve, reject };
      try {
        this.#socket.send(this.writer.written());
      } catch (cause) {
        this.#fail(lost('the netlink socket failed', cause));
        return;
      }
      // After the send, which the kernel executes meanwhile: that may take long.
      if (this.#exchange) this.#watch();
    });
  }

  /**
   * One timer runs while exchanges follow each other, rather than one for each. It counts silence, so it strikes after one to two
   * timeouts. Input that waits in the socket is no silence: the event loop may have been busy.
   */
  #watch(): void {
    this.#heard = true;
    if (this.#watching) return;
    this.#watching = true;
    const { clock, timeoutMilliseconds } = this.#options;
    const strike = () => {
      if (!this.#exchange) {
        this.#watching = false;
      } else if (this.#heard) {
        this.#heard = false;
        clock.after(timeoutMilliseconds, expire);
      } else {
        this.#fail(new LostError(`no answer from the kernel within ${timeoutMilliseconds} ms`, { timedOut: true }));
      }
    };
    const expire = () => clock.afterInput(strike);
    clock.after(timeoutMilliseconds, expire);
  }

  #receive(datagram: Uint8Array): void {
    if (!this.#exchange) return;
    this.#heard = true;
    try {
      this.#deliver(new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength));
    } catch (error) {
      this.#fail(error instanceof IpvstateError ? error : lost('a reply could not be handled', error));
    }
  }

  #deliver(bytes: Bytes): void {
    const size = bytes.byteLength;
    for (let at = 0; at < size; ) {
      if (size - at < NLMSG_HDRLEN) throw malformed(`${size - at} bytes where a message should begin`);
      const length = bytes.getUint32(at, LITTLE_ENDIAN);
      if (length < NLMSG_HDRLEN || length > size - at) throw malformed(`message of ${length} bytes in ${size - at}`);
      this.#deliverMessage(bytes, at, at + length);
      at += (length + 3) & ~3;
    }
  }

  #deliverMessage(bytes: Bytes, at: number, end: number): void {
    const exchange = this.#exchange;
    const sequence = bytes.getUint32(at + 8, LITTLE_ENDIAN);
    if (!exchange || sequence < exchange.first || sequence > exchange.last) return;
    const type = bytes.getUint16(at + 4, LITTLE_ENDIAN);
    const index = sequence - exchange.first;
    if (type === NLMSG_ERROR) {
      const error = readError(bytes, at, end);
      if (error !== 0) exchange.handler.refused(error, index);
    } else if (type === NLMSG_DONE) {
      const error = readError(bytes, at, end);
      if (error !== 0) throw lost(`a listing broke off with error ${error}`);
    } else if (type > NLMSG_NOOP) {
      if (end - at < NLMSG_HDRLEN + 4) throw malformed('a message without a generic netlink header');
      if ((bytes.getUint16(at + 6, LITTLE_ENDIAN) & NLM_F_DUMP_INTR) !== 0) throw lost('a listing was interrupted by a change');
      exchange.handler.data?.(bytes, at + NLMSG_HDRLEN + 4, end, index);
      if (exchange.dump) return;
    } else {
      return;
    }
    if (sequence === exchange.last) this.#finish(exchange);
  }

  #finish(exchange: Exchange): void {
    this.#exchange = undefined;
    exchange.resolve();
  }

  #fail(error: IpvstateError): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.reject(error);
  }
}

/** The code is always `LOST`. */
export class LostError extends IpvstateError {
  /** Whether the kernel was silent: then trying again at once would only wait again. */
  readonly timedOut: boolean;

  constructor(what: string, options: { readonly cause?: unknown; readonly timedOut?: boolean } = {}) {
    super('LOST', what, { hint: 'What was under way may or may not have been done; read the table again.', cause: options.cause });
    this.timedOut = options.timedOut ?? false;
  }
}

function lost(what: string, cause?: unknown): LostError {
  return new LostError(what, { cause });
}

/** The int after the header of NLMSG_ERROR and NLMSG_DONE, as a positive error number. */
function readError(bytes: Bytes, at: number, end: number): number {
  if (end - at < NLMSG_HDRLEN + 4) throw malformed('an error message without its number');
  const error = bytes.getInt32(at + NLMSG_HDRLEN, LITTLE_ENDIAN);
  if (error > 0) throw malformed(`error number ${error}`);
  return -error;
}
