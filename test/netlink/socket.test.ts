import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadNativeSockets, type RawSocket } from '../../src/kernel/netlink/socket.ts';

const KERNEL = { port: 0, groups: 0 };
const OPTIONS = { datagramSize: 8192, receiveBufferSize: 65_536 };

/**
 * Replaces the class of the addon. Its events are emitted outside of any try block, as those of the
 * addon are.
 */
class Native extends EventEmitter {
  static last: Native;
  static refuses: Error | undefined;
  readonly protocol: number;
  readonly options: unknown;
  sendError: Error | undefined;
  closed = false;

  constructor(protocol: number, options: unknown) {
    super();
    if (Native.refuses) throw Native.refuses;
    this.protocol = protocol;
    this.options = options;
    Native.last = this;
  }

  getRecvBufferSize = () => 131_072;
  getSendBufferSize = () => 212_992;
  send = (_bytes: Uint8Array, _options: undefined, done: (error?: Error) => void) =>
    done(this.sendError);
  close = () => {
    this.closed = true;
  };
}

vi.mock('netlink/dist/raw.js', () => ({
  get RawNetlinkSocket() {
    return Native;
  },
}));

let received: Uint8Array[];
let failures: unknown[];
let socket: RawSocket;
let onReceived: (datagram: Uint8Array) => void;

beforeEach(async () => {
  received = [];
  failures = [];
  onReceived = (datagram) => received.push(datagram);
  const open = await loadNativeSockets();
  socket = open(OPTIONS, {
    received: (datagram) => onReceived(datagram),
    failed: (cause) => failures.push(cause),
  });
});

afterEach(() => {
  Native.refuses = undefined;
});

describe('a socket of the addon', () => {
  test('asks for generic netlink and buffers, and has the sizes that the kernel granted', () => {
    expect(Native.last.protocol).toBe(16);
    expect(Native.last.options).toMatchObject({
      messagePeeking: false,
      msgBufferSize: 8192,
      recvBufferSize: 65_536,
    });
    expect([socket.receiveBufferSize, socket.sendBufferSize]).toEqual([131_072, 212_992]);
  });

  test('passes on datagrams of the kernel and ignores those of other processes', () => {
    Native.last.emit('message', Buffer.from('kernel'), KERNEL);
    Native.last.emit('message', Buffer.from('another process'), { port: 4711, groups: 0 });
    expect(received.map(String)).toEqual(['kernel']);
  });

  test('reports the exception of a listener and does not throw it at the addon', () => {
    onReceived = () => {
      throw new Error('in a listener');
    };
    expect(() => Native.last.emit('message', Buffer.alloc(4), KERNEL)).not.toThrow();
    expect(failures).toEqual([new Error('in a listener')]);
  });

  test('reports socket errors, datagrams that do not fit, and sends that fail', () => {
    Native.last.emit('error', new Error('ENOBUFS'));
    Native.last.emit('truncatedMessage', Buffer.alloc(4), { ...KERNEL, truncated: 9000 });
    Native.last.sendError = new Error('EMSGSIZE');
    socket.send(Buffer.alloc(4));
    expect(failures.map((failure) => (failure as Error).message)).toEqual([
      'ENOBUFS',
      'a datagram of 9000 bytes did not fit',
      'EMSGSIZE',
    ]);
  });

  test('is closed after the listener has returned, and reports nothing afterwards', async () => {
    socket.close();
    socket.close();
    Native.last.emit('error', new Error('late'));
    Native.last.emit('message', Buffer.from('late'), KERNEL);
    expect([Native.last.closed, received, failures]).toEqual([false, [], []]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(Native.last.closed).toBe(true);
  });

  test('fails with UNAVAILABLE and the reason when it cannot be opened', async () => {
    Native.refuses = new Error('Protocol not supported');
    const open = await loadNativeSockets();
    expect(() => open(OPTIONS, { received: () => {}, failed: () => {} })).toThrow(
      expect.objectContaining({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('Protocol not supported'),
      }),
    );
  });
});
