import type {
  RawSocket,
  SocketListener,
  SocketOptions,
} from '../../../src/kernel/netlink/socket.ts';
import { EBUSY, Refused } from './errors.ts';
import type { FakeKernel, Listing } from './kernel.ts';
import { message, type Request, splitRequests } from './tlv.ts';

/**
 * Bytes that the receive queue is charged for one small reply, the most of all measured kernels.
 */
const COST_OF_REPLY = 1280;
/**
 * Size of the first chunk of a dump on a new socket. Later chunks are as large as the largest read.
 */
const FIRST_CHUNK = 3776;
const LARGEST_CHUNK = 32_768;

interface Dump {
  readonly request: Request;
  readonly listing: Listing;
  told: number;
}

/**
 * One netlink socket. It executes requests during `send`, queues the answers, and delivers one
 * datagram in each turn of the event loop.
 */
export class FakeSocket implements RawSocket {
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  readonly #kernel: FakeKernel;
  readonly #options: SocketOptions;
  readonly #listener: SocketListener;
  #queue: Buffer[] = [];
  #dump: Dump | undefined;
  #hasRead = false;
  #pumping = false;
  #closed = false;

  constructor(kernel: FakeKernel, options: SocketOptions, listener: SocketListener) {
    this.#kernel = kernel;
    this.#options = options;
    this.#listener = listener;
    this.receiveBufferSize = Math.min(2 * options.receiveBufferSize, kernel.receiveBufferLimit);
    this.sendBufferSize = kernel.sendBufferSize;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) throw new Error('send on a closed socket');
    if (bytes.length > this.sendBufferSize - 32) {
      setImmediate(() => this.fail('EMSGSIZE'));
      return;
    }
    for (const request of splitRequests(Buffer.from(bytes))) this.#execute(request);
    this.pump();
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
  }

  /** Reports a socket error to the client. */
  fail(code: string): void {
    if (!this.#closed) this.#listener.failed(Object.assign(new Error(code), { code }));
  }

  /** Delivers the queue, one datagram in each turn of the event loop. */
  pump(): void {
    if (this.#pumping || this.#kernel.silent) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      if (this.#closed || this.#kernel.silent) return;
      const datagram = this.#queue.shift();
      if (!datagram) return;
      this.#hasRead = true;
      // The kernel fetches the next chunk of a dump when the one before is read.
      if (this.#dump && this.#queue.length === 0) this.#fetchChunk(this.#dump);
      for (const delivered of this.#kernel.deliver?.(datagram) ?? [datagram])
        this.#receive(delivered);
      this.pump();
    });
  }

  #receive(datagram: Buffer): void {
    if (this.#closed) return;
    if (datagram.length > this.#options.datagramSize) this.fail('truncated');
    else this.#listener.received(Buffer.from(datagram));
  }

  #execute(request: Request): void {
    // The kernel ignores a message without NLM_F_REQUEST.
    if ((request.flags & 1) === 0) return;
    try {
      const answer = this.#kernel.answer(request);
      if ('messages' in answer) {
        for (const reply of answer.messages) this.#enqueue(reply);
        if ((request.flags & 4) !== 0) this.#enqueue(errorMessage(request, 0));
      } else if (this.#dump) {
        this.#enqueue(errorMessage(request, EBUSY));
      } else {
        this.#dump = { request, listing: answer.listing, told: 0 };
        this.#fetchChunk(this.#dump);
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#enqueue(errorMessage(request, error.errno));
    }
  }

  #fetchChunk(dump: Dump): void {
    const { command, sequence } = dump.request;
    if (dump.told > 0) this.#kernel.betweenChunks?.(command);
    const limit = this.#hasRead
      ? Math.max(FIRST_CHUNK, Math.min(this.#options.datagramSize, LARGEST_CHUNK))
      : FIRST_CHUNK;
    const chunk: Buffer[] = [];
    let size = 0;
    for (const entry of dump.listing(dump.told)) {
      if (size + entry.length > limit) break;
      chunk.push(entry);
      size += entry.length;
    }
    dump.told += chunk.length;
    if (chunk.length > 0) {
      this.#enqueue(Buffer.concat(chunk));
    } else {
      this.#dump = undefined;
      const error = Buffer.alloc(4);
      error.writeInt32LE(-(this.#kernel.dumpError?.(command) ?? 0));
      this.#enqueue(message(3, 2, sequence, error));
    }
  }

  /** Reports ENOBUFS and drops the reply when the queue is full. The request was executed. */
  #enqueue(datagram: Buffer): void {
    if (this.#closed) return;
    if ((this.#queue.length + 1) * COST_OF_REPLY > this.receiveBufferSize)
      setImmediate(() => this.fail('ENOBUFS'));
    else this.#queue.push(datagram);
  }
}

/** Formats NLMSG_ERROR. An error repeats the request, an ACK repeats only its header. */
function errorMessage(request: Request, errno: number): Buffer {
  const code = Buffer.alloc(4);
  code.writeInt32LE(-errno);
  return message(
    2,
    errno === 0 ? 0x100 : 0,
    request.sequence,
    Buffer.concat([code, errno === 0 ? request.bytes.subarray(0, 16) : request.bytes]),
  );
}
