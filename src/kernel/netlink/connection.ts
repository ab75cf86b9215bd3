import { type ErrnoName, IpvstateError } from '../../errors.ts';
import { AttributeReader, malformed } from './attribute-reader.ts';
import type { Clock } from './clock.ts';
import { errnoName } from './errno.ts';
import { LITTLE_ENDIAN, MessageWriter } from './message-writer.ts';
import type { OpenSocket, RawSocket, SocketOptions } from './socket.ts';
import {
  GENL_HDRLEN,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_HDRLEN,
  NLMSG_NOOP,
} from './uapi.ts';

/**
 * The most bytes that any kernel charges to the receive buffer for one reply. Measured: 768 to 1280
 * for an ACK, an error or a service.
 */
const BYTES_PER_REPLY = 1280;
/** The event loop stands still while the kernel executes a batch, so a batch has a limit. */
const MAX_BATCH = 512;
/** kernel: af_netlink.c netlink_sendmsg refuses more than sk_sndbuf - 32 bytes. */
const SEND_OVERHEAD = 32;

/** Receives the answers of one exchange. `index` counts the requests of the exchange from 0. */
export interface ReplyHandler {
  /**
   * Takes the attributes of one data message. The header of its family is in `bytes`, from
   * `headerAt` on.
   */
  data?(attributes: AttributeReader, index: number, bytes: DataView, headerAt: number): void;
  /** Takes the error of a request that the kernel refused. */
  refused(errno: ErrnoName, index: number): void;
}

/** Requests that are under way, with the sequence numbers `first` to `last`. */
interface Exchange {
  readonly first: number;
  readonly last: number;
  readonly isDump: boolean;
  readonly handler: ReplyHandler;
  readonly resolve: () => void;
  readonly reject: (error: IpvstateError) => void;
}

export interface ConnectionOptions {
  readonly openSocket: OpenSocket;
  readonly socket: SocketOptions;
  readonly clock: Clock;
  /** How long the kernel may be silent while it owes an answer. */
  readonly timeoutMilliseconds: number;
  /**
   * Bytes between the header of a message of this type and its attributes. Default: the header of
   * generic netlink.
   */
  readonly headerLength?: (type: number) => number;
}

/**
 * One socket with message headers, sequence numbers and a deadline. One exchange at a time is under
 * way: a dump, or a batch of requests in one send. The last request of a batch always has an
 * answer.
 *
 * An exchange rejects with `LOST` when replies are lost or late, and with `PROTOCOL` when a reply
 * cannot be decoded. The connection is closed then, because late replies must not reach the next
 * exchange.
 */
export class Connection {
  /**
   * The number of requests in one batch whose answers fit into the receive buffer, all refused or
   * not.
   */
  readonly batchLimit: number;
  /** The number of bytes that one send may carry. */
  readonly sendLimit: number;
  readonly writer = new MessageWriter();
  readonly #socket: RawSocket;
  readonly #options: ConnectionOptions;
  #exchange: Exchange | undefined;
  #sequence = 0;
  #isOpen = true;
  /** True when the deadline timer runs. */
  #isTimed = false;
  /** True when a datagram arrived since the deadline timer was last started. */
  #hasHeard = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = options.openSocket(options.socket, {
      received: (datagram) => this.#receive(datagram),
      failed: (cause) => this.#fail(socketFailed(cause)),
    });
    const replies = Math.floor(this.#socket.receiveBufferSize / BYTES_PER_REPLY);
    this.batchLimit = Math.max(1, Math.min(MAX_BATCH, replies));
    this.sendLimit = this.#socket.sendBufferSize - SEND_OVERHEAD;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Ends the exchange that is under way with `LOST`. */
  close(): void {
    this.#fail(new LostError('the connection was closed'));
  }

  /**
   * Clears the writer. Returns the sequence number of its first request; the others follow without
   * a gap.
   */
  begin(): number {
    if (this.#exchange) throw new Error('an exchange is under way');
    this.writer.clear();
    if (this.#sequence > 0x7fff_0000) this.#sequence = 0;
    return this.#sequence + 1;
  }

  /**
   * Sends the `count` requests in the writer. Resolves with the answer to the last one, which must
   * always have one.
   */
  batch(count: number, handler: ReplyHandler): Promise<void> {
    return this.#start(count, false, handler);
  }

  /**
   * Sends the dump request in the writer. Resolves after the last message of the dump, or when the
   * dump is refused.
   */
  dump(handler: ReplyHandler): Promise<void> {
    return this.#start(1, true, handler);
  }

  #start(count: number, isDump: boolean, handler: ReplyHandler): Promise<void> {
    if (!this.#isOpen) return Promise.reject(new LostError('the connection is closed'));
    const first = this.#sequence + 1;
    this.#sequence += count;
    return new Promise((resolve, reject) => {
      this.#exchange = { first, last: this.#sequence, isDump, handler, resolve, reject };
      try {
        this.#socket.send(this.writer.written());
      } catch (cause) {
        this.#fail(socketFailed(cause));
        return;
      }
      // The kernel executes the requests during the send. That may take long and is no silence.
      if (this.#exchange) this.#startDeadline();
    });
  }

  /**
   * Fails the connection after one to two timeouts of silence. One timer serves all exchanges that
   * follow each other, because a timer for each would cost more than the exchange.
   */
  #startDeadline(): void {
    this.#hasHeard = true;
    if (this.#isTimed) return;
    this.#isTimed = true;
    const { clock, timeoutMilliseconds } = this.#options;
    const check = () => {
      if (!this.#exchange) {
        this.#isTimed = false;
      } else if (this.#hasHeard) {
        this.#hasHeard = false;
        clock.after(timeoutMilliseconds, expire);
      } else {
        this.#fail(
          new LostError(`no answer from the kernel within ${timeoutMilliseconds} ms`, {
            timedOut: true,
          }),
        );
      }
    };
    // The event loop may have been busy. Datagrams that wait in the socket are delivered first.
    const expire = () => clock.afterInput(check);
    clock.after(timeoutMilliseconds, expire);
  }

  #receive(datagram: Uint8Array): void {
    if (!this.#exchange) return;
    this.#hasHeard = true;
    try {
      this.#deliver(new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength));
    } catch (error) {
      this.#fail(
        error instanceof IpvstateError
          ? error
          : new LostError('a reply could not be handled', { cause: error }),
      );
    }
  }

  #deliver(bytes: DataView): void {
    const size = bytes.byteLength;
    for (let at = 0; at < size; ) {
      if (size - at < NLMSG_HDRLEN)
        throw malformed(`${size - at} bytes where a message should begin`);
      const length = bytes.getUint32(at, LITTLE_ENDIAN);
      if (length < NLMSG_HDRLEN || length > size - at)
        throw malformed(`message of ${length} bytes in ${size - at}`);
      this.#deliverMessage(bytes, at, at + length);
      at += (length + 3) & ~3;
    }
  }

  /** Ignores a message with the sequence number of an earlier exchange. */
  #deliverMessage(bytes: DataView, at: number, end: number): void {
    const exchange = this.#exchange;
    const sequence = bytes.getUint32(at + 8, LITTLE_ENDIAN);
    if (!exchange || sequence < exchange.first || sequence > exchange.last) return;
    const type = bytes.getUint16(at + 4, LITTLE_ENDIAN);
    const index = sequence - exchange.first;
    if (type === NLMSG_ERROR) {
      const errno = readErrno(bytes, at, end);
      if (errno !== 0) exchange.handler.refused(errnoName(errno), index);
    } else if (type === NLMSG_DONE) {
      const errno = readErrno(bytes, at, end);
      if (errno !== 0) throw new LostError(`a listing broke off with error ${errno}`);
    } else if (type > NLMSG_NOOP) {
      const headerAt = at + NLMSG_HDRLEN;
      const attributesAt = headerAt + (this.#options.headerLength?.(type) ?? GENL_HDRLEN);
      if (end < attributesAt) throw malformed('a message without the header of its family');
      const flags = bytes.getUint16(at + 6, LITTLE_ENDIAN);
      if ((flags & NLM_F_DUMP_INTR) !== 0)
        throw new LostError('a listing was interrupted by a change');
      exchange.handler.data?.(
        new AttributeReader(bytes, attributesAt, end),
        index,
        bytes,
        headerAt,
      );
      if (exchange.isDump) return;
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
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.close();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.reject(error);
  }
}

/** Answers are lost: nobody knows which requests were executed. The code is always `LOST`. */
export class LostError extends IpvstateError {
  /** True when the kernel was silent. A second attempt would only wait once more. */
  readonly timedOut: boolean;

  constructor(
    message: string,
    options: { readonly cause?: unknown; readonly timedOut?: boolean } = {},
  ) {
    super('LOST', message, {
      hint: 'What was under way may or may not have been done; read the table again.',
      cause: options.cause,
    });
    this.timedOut = options.timedOut ?? false;
  }
}

/** The kernel has no family with the id of the request, and executed nothing. */
export class StaleFamilyError extends Error {}

function socketFailed(cause: unknown): LostError {
  return new LostError('the netlink socket failed', { cause });
}

/** The error number of NLMSG_ERROR and NLMSG_DONE, positive. 0 is success. */
function readErrno(bytes: DataView, at: number, end: number): number {
  if (end - at < NLMSG_HDRLEN + 4) throw malformed('an error message without its number');
  const error = bytes.getInt32(at + NLMSG_HDRLEN, LITTLE_ENDIAN);
  if (error > 0) throw malformed(`error number ${error}`);
  return -error;
}
