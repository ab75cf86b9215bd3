import { IpvstateError } from '../../errors.ts';
import { missingAddon, thisPlatform } from './missing-addon.ts';
import { NETLINK_GENERIC } from './uapi.ts';

/**
 * One netlink socket: bytes in, bytes out. This is the seam behind which tests put a fake
 * kernel.
 */
export interface RawSocket {
  /** SO_RCVBUF as the kernel granted it, in bytes. */
  readonly receiveBufferSize: number;
  /** SO_SNDBUF as the kernel granted it, in bytes. */
  readonly sendBufferSize: number;
  /**
   * Sends messages to the kernel. The kernel executes them before `send` returns, unless the socket
   * is congested. `bytes` must not change until an answer to the last message arrives.
   */
  send(bytes: Uint8Array): void;
  /** Closes the socket. No listener is called any more. A listener may call it. */
  close(): void;
}

/** Receives the events of a socket. The socket is of no use after `failed`. */
export interface SocketListener {
  /** Takes one datagram from the kernel, which holds whole messages. */
  received(datagram: Uint8Array): void;
  /**
   * A send failed, the kernel dropped replies (ENOBUFS), or a datagram did not fit into the buffer.
   */
  failed(cause: unknown): void;
}

export interface SocketOptions {
  /** Default: NETLINK_GENERIC. */
  readonly protocol?: number;
  /**
   * Size of the buffer for one datagram in bytes. It also limits the chunks of a dump. At least
   * 8192 for dumps.
   */
  readonly datagramSize: number;
  /**
   * SO_RCVBUF to ask for, in bytes. The kernel limits it to net.core.rmem_max, and then doubles it.
   */
  readonly receiveBufferSize: number;
}

export type OpenSocket = (options: SocketOptions, listener: SocketListener) => RawSocket;

/** Loads the native addon. Throws `UNAVAILABLE` when there is none for this platform. */
export async function loadNativeSockets(): Promise<OpenSocket> {
  try {
    // Not the whole package: its files for other protocols take five times as long to load.
    const { RawNetlinkSocket } = await import('netlink/dist/raw.js');
    return (options, listener) => openNativeSocket(RawNetlinkSocket, options, listener);
  } catch (cause) {
    throw missingAddon(cause, thisPlatform());
  }
}

type RawNetlinkSocket = typeof import('netlink/dist/raw.js').RawNetlinkSocket;

/**
 * Opens a socket of the addon, which aborts the whole process in three cases: a listener throws, an
 * `error` event has no listener, or poll(2) reports an overrun of the receive buffer. So no
 * listener here throws, and a `Connection` never asks for more replies than the buffer holds.
 */
function openNativeSocket(
  Socket: RawNetlinkSocket,
  options: SocketOptions,
  listener: SocketListener,
): RawSocket {
  let open = true;
  const fail = (cause: unknown) => {
    if (!open) return;
    try {
      listener.failed(cause);
    } catch {
      // The failure was reported. The exception must not reach the addon.
    }
  };
  const native = createSocket(Socket, options);
  native.on('error', fail);
  native.on('truncatedMessage', (_datagram, sender) =>
    fail(new Error(`a datagram of ${sender.truncated} bytes did not fit`)),
  );
  native.on('message', (datagram, sender) => {
    // Any local process may send to a netlink port. The port of the kernel is 0.
    if (!open || sender.port !== 0) return;
    try {
      listener.received(datagram);
      free(datagram);
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
      // The addon uses the socket once more after a listener returns.
      setImmediate(() => native.close());
    },
  };
}

/**
 * Frees the memory of a datagram at once, where Node can: from version 22 on. The addon allocates a
 * whole receive buffer for each datagram, and else only a collection frees it.
 */
function free(datagram: Uint8Array): void {
  const buffer: ArrayBufferLike & { transfer?(length: number): unknown } = datagram.buffer;
  if (buffer.byteLength === datagram.byteLength) buffer.transfer?.(0);
}

function createSocket(
  Socket: RawNetlinkSocket,
  options: SocketOptions,
): InstanceType<RawNetlinkSocket> {
  try {
    return new Socket(options.protocol ?? NETLINK_GENERIC, {
      messagePeeking: false,
      msgBufferSize: options.datagramSize,
      recvBufferSize: options.receiveBufferSize,
      // 0 keeps the default, which is far above the largest batch.
      sendBufferSize: 0,
    });
  } catch (cause) {
    throw new IpvstateError(
      'UNAVAILABLE',
      `cannot open a netlink socket: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'The sandbox or container may not allow AF_NETLINK sockets.',
        cause,
      },
    );
  }
}
