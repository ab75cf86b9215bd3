import { describe, expect, it } from 'vitest';
import { readNetwork } from '../../src/kernel/netlink/network.ts';
import type { OpenSocket } from '../../src/kernel/netlink/socket.ts';
import type { Address } from '../../src/model/address.ts';

const NEWLINK = 16;
const NEWROUTE = 24;
const ERROR = 2;
const DONE = 3;

/** A message of the kernel: its header, the header of its family, and its attributes. */
function message(type: number, sequence: number, header: Buffer, ...attributes: Buffer[]): Buffer {
  const body = Buffer.concat([header, ...attributes]);
  const start = Buffer.alloc(16);
  start.writeUInt32LE(16 + body.length, 0);
  start.writeUInt16LE(type, 4);
  start.writeUInt32LE(sequence, 8);
  return Buffer.concat([start, body]);
}

function attribute(type: number, value: Buffer): Buffer {
  const padded = Buffer.alloc(4 + ((value.length + 3) & ~3));
  padded.writeUInt16LE(4 + value.length, 0);
  padded.writeUInt16LE(type, 2);
  value.copy(padded, 4);
  return padded;
}

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};

function linkMessage(sequence: number, name: string, index: number, flags: number): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(flags, 8);
  return message(
    NEWLINK,
    sequence,
    header,
    attribute(3, Buffer.from(`${name}\0`)),
    attribute(4, number(1400)),
    attribute(99, Buffer.alloc(7)),
  );
}

function routeMessage(sequence: number, type: number, ...attributes: Buffer[]): Buffer {
  const header = Buffer.alloc(12);
  header[7] = type;
  return message(NEWROUTE, sequence, header, ...attributes);
}

/** A socket that answers each request with `answer`, which gets its sequence number. */
function socketThat(answer: (request: DataView, sequence: number) => readonly Buffer[]): {
  readonly open: OpenSocket;
  readonly protocols: (number | undefined)[];
  closed: number;
} {
  const made = { protocols: [] as (number | undefined)[], closed: 0 };
  const open: OpenSocket = ({ protocol }, listener) => {
    made.protocols.push(protocol);
    return {
      receiveBufferSize: 212_992,
      sendBufferSize: 212_992,
      send: (bytes) => {
        const copy = Buffer.from(bytes);
        for (let at = 0; at < copy.length; at += copy.readUInt32LE(at)) {
          const view = new DataView(copy.buffer, copy.byteOffset + at, copy.readUInt32LE(at));
          const datagrams = answer(view, copy.readUInt32LE(at + 8));
          for (const datagram of datagrams)
            setImmediate(() => listener.received(new Uint8Array(datagram)));
        }
      },
      close: () => {
        made.closed++;
      },
    };
  };
  return Object.assign(made, { open });
}

const isLinks = (request: DataView): boolean => request.getUint16(4, true) === 18;
const links = (sequence: number): Buffer[] => [
  Buffer.concat([
    linkMessage(sequence, 'lo', 1, 0x9),
    linkMessage(sequence, 'eth0', 7, 0x1 | 0x1000),
  ]),
  message(DONE, sequence, number(0)),
];

describe('the network of this namespace', () => {
  it('has the interfaces with their flags, and a route for each address', async () => {
    const asked: number[][] = [];
    const { open, protocols } = socketThat((request, sequence) => {
      if (isLinks(request)) return links(sequence);
      const bytes = [...new Uint8Array(request.buffer, request.byteOffset, request.byteLength)];
      asked.push(bytes.slice(16));
      if (bytes[16] === 10) return [message(ERROR, sequence, number(-101), Buffer.alloc(16))];
      const isLocal = bytes[32] === 127;
      return [
        routeMessage(
          sequence,
          isLocal ? 2 : 1,
          attribute(4, number(isLocal ? 1 : 7)),
          ...(isLocal ? [] : [attribute(5, Buffer.from([192, 0, 2, 1]))]),
        ),
      ];
    });
    const addresses = ['127.0.0.1', '10.1.0.11', '2001:db8::1'] as Address[];
    expect(await readNetwork(addresses, open)).toEqual({
      links: [
        {
          ...{ name: 'lo', index: 1, mtu: 1400 },
          ...{ isUp: true, isLoopback: true, isMulticast: false },
        },
        {
          ...{ name: 'eth0', index: 7, mtu: 1400 },
          ...{ isUp: true, isLoopback: false, isMulticast: true },
        },
      ],
      routes: new Map<string, unknown>([
        ['127.0.0.1', { link: 1, isLocal: true, hasGateway: false }],
        ['10.1.0.11', { link: 7, isLocal: false, hasGateway: true }],
        ['2001:db8::1', 'ENETUNREACH'],
      ]),
    });
    // struct rtmsg with the family and the length of the prefix, and the address.
    expect(asked[1]).toEqual([2, 32, ...Array(10).fill(0), 8, 0, 1, 0, 10, 1, 0, 11]);
    expect(asked[2]?.slice(0, 2)).toEqual([10, 128]);
    expect(protocols).toEqual([0]);
  });

  it('asks for many routes in small batches, whose answers fit into the socket', async () => {
    let waiting = 0;
    let most = 0;
    const { open } = socketThat((request, sequence) => {
      if (isLinks(request)) return links(sequence);
      waiting++;
      most = Math.max(most, waiting);
      setImmediate(() => waiting--);
      return [routeMessage(sequence, 1, attribute(4, number(7)))];
    });
    const many = Array.from({ length: 100 }, (_, at) => `10.1.0.${at}` as Address);
    expect((await readNetwork(many, open)).routes.size).toBe(100);
    expect(most).toBeLessThanOrEqual(16);
  });

  it('closes its socket, also when the kernel refuses to list the interfaces', async () => {
    const well = socketThat((_, sequence) => links(sequence));
    await readNetwork([], well.open);
    expect(well.closed).toBe(1);
    const refusing = socketThat((_, sequence) => [
      message(ERROR, sequence, number(-1), Buffer.alloc(16)),
    ]);
    await expect(readNetwork([], refusing.open)).rejects.toMatchObject({ code: 'LOST' });
    expect(refusing.closed).toBe(1);
  });

  it('refuses a message that lacks the header of its family', async () => {
    const { open } = socketThat((_, sequence) => [message(NEWLINK, sequence, Buffer.alloc(12))]);
    await expect(readNetwork([], open)).rejects.toMatchObject({ code: 'PROTOCOL' });
  });
});
