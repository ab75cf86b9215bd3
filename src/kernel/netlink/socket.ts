import { IpvstateError } from '../../errors.ts';
import { collectGarbage } from './collect.ts';
import { NETLINK_GENERIC } from './uapi.ts';

/** The seam to the operating system: one generic netlink socket, bytes in and out. A fake kernel can stand behind it. */
export interface RawSocket {
  /** SO_RCVBUF as the kernel granted it, in bytes. */
  readonly receiveBufferSize: number;
  /** SO_SNDBUF as the kernel granted it, in bytes. */
  readonly sendBufferSize: number;
  /**
   * Hands messages to the kernel, which executes them before this returns unless the socket is congested. `bytes` must stay
   * unchanged until an answer to the last message arrives.
   */
  send(bytes: Uint8Array): void;
  /** No listener is called any more. Safe inside a listener. */
  close(): void;
}

/** What a socket tells. After `failed` it is useless. */
export interface SocketListener {
  /** One datagram from the kernel: whole messages. */
  received(datagram: Uint8Array): void;
  /** A send failed, replies were dropped (ENOBUFS), or a datagram did not fit the buffer. */
  failed(cause: unknown): void;
}

export interface SocketOptions {
  /** Size in bytes of the buffer for one datagram; also bounds the chunks of a dump. At least 8192 for dumps. */
  readonly datagramSize: number;
  /** SO_RCVBUF to ask for, in bytes; the kernel doubles it and caps it by net.core.rmem_max. */
  readonly receiveBufferSize: number;
}

export type OpenSocket = (options: SocketOptions, listener: SocketListener) => RawSocket;

/** Loads the native addon and returns how to open its sockets. Throws `UNAVAILABLE` when this platform has none. */
export async function loadNativeSockets(): Promise<OpenSocket> {
  try {
    // The file rather than the package: its other files, for protocols of no use here, take five times as long to load.
    const { RawNetlinkSocket } = await import('netlink/dist/raw.js');
    const buffers = new ReceiveBuffers();
    return (options, listener) => openNativeSocket(RawNetlinkSocket, buffers, options, listener);
  } catch (cause) {
    throw new IpvstateError('UNAVAILABLE', 'the native netlink addon cannot be loaded', {
      hint: 'It is made for Linux on x64, ia32, arm and arm64; elsewhere it is compiled at installation. Reinstall with: npm install netlink',
      cause,
    });
  }
}

/** Fresh memory costs more than the collection that lets old memory be used again. */
const COLLECT_BYTES = 4 * 1024 * 1024;

/** The addon allocates a buffer for each datagram, and frees it with the JavaScript object that it hangs on: V8 is in no hurry to. */
class ReceiveBuffers {
  #bytes = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < COLLECT_BYTES) return;
    this.#bytes = 0;
    collectGarbage('minor');
  }
}

type RawNetlinkSocket = typeof import('netlink/dist/raw.js').RawNetlinkSocket;

/**
 * An exception that leaves one of these listeners, an `error` event without one, and an overrun of the receive buffer seen by poll(2) all
 * abort the whole process from inside the addon. So every listener is guarded, and the connection never asks for more replies
 * than the buffer holds.
 */
function openNativeSocket(Socket: RawNetlinkSocket, buffers: ReceiveBuffers, options: SocketOptions, listener: SocketListener): RawSocket {
  let open = true;
  const fail = (cause: unknown) => {
    if (!open) return;
    try {
      listener.failed(cause);
    } catch {
      // The listener is ours and has nothing left to tell; what matters is that nothing reaches the addon.
    }
  };
  const native = createSocket(Socket, options);
  native.on('error', fail);
  native.on('truncatedMessage', (_datagram, sender) => fail(new Error(`a datagram of ${sender.truncated} bytes did not fit`)));
  native.on('message', (datagram, sender) => {
    buffers.add(options.datagramSize);
    // Any local process may send to a netlink port; the kernel's own is 0.
    if (!open || sender.port !== 0) return;
    try {
      listener.received(datagram);
    } catch (cause) {
      fail(cause);
    }
  });
  return {
    receiveBufferSize: native.getRecvBufferSize(),
    sendBufferSize: native.getSendBufferSize(),
    send: (bytes) =>
      native.send(bytes, undefined, (error) => {
        if (error) fail(error);
      }),
    close: () => {
      if (!open) return;
      open = false;
      // The addon still uses the socket after a listener returns.
      setImmediate(() => native.close());
    },
  };
}

function createSocket(Socket: RawNetlinkSocket, options: SocketOptions): InstanceType<RawNetlinkSocket> {
  try {
    return new Socket(NETLINK_GENERIC, {
      messagePeeking: false,
      msgBufferSize: options.datagramSize,
      recvBufferSize: options.receiveBufferSize,
      // Declared as required; 0 keeps the default, which is far above the largest batch.
      sendBufferSize: 0,
    });
  } catch (cause) {
    throw new IpvstateError('UNAVAILABLE', `cannot open a netlink socket: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: 'The sandbox or container may not allow AF_NETLINK sockets.',
      cause,
    });
  }
}
