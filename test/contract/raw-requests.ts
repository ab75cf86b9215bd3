import type { OpenSocket } from '../../src/kernel/netlink/socket.ts';
import {
  attribute,
  genericMessage,
  nest,
  text,
  u8,
  u16,
  u16be,
  u32,
} from '../support/fake-kernel/tlv.ts';

const REQUEST_WITH_ACK = 5;

/** Attributes of the service 192.0.2.x:80 to write in place of the usual ones. `address` is x. */
export interface RawService {
  readonly address?: number;
  readonly port?: number;
  readonly protocol?: number;
  readonly flags?: number;
  readonly timeout?: number;
  readonly netmask?: number;
  readonly engine?: string;
}

/** Attributes of a destination 10.0.0.x:80 to write in place of the usual ones. `address` is x. */
export interface RawDestination {
  readonly address?: number;
  readonly port?: number;
  readonly weight?: number;
  readonly thresholds?: readonly [upper: number, lower: number];
  readonly method?: number;
  readonly tunnelType?: number;
  readonly tunnelPort?: number;
  readonly tunnelFlags?: number;
}

function address(...bytes: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(bytes), Buffer.alloc(12)]);
}

export function rawService({
  address: last = 1,
  port = 80,
  protocol = 6,
  flags = 0,
  timeout = 0,
  netmask = 0xffff_ffff,
  engine = '',
}: RawService = {}): Buffer {
  const bits = Buffer.alloc(8, 0xff);
  bits.writeUInt32LE(flags, 0);
  const key = [u16(1, 2), u16(2, protocol), attribute(3, address(192, 0, 2, last)), u16be(4, port)];
  const names = [text(6, 'rr'), ...(engine === '' ? [] : [text(11, engine)])];
  return nest(1, ...key, ...names, attribute(7, bits), u32(8, timeout), u32(9, netmask));
}

export function rawDestination({
  address: last = 1,
  port = 80,
  weight = 1,
  thresholds: [upper, lower] = [0, 0],
  method = 0,
  tunnelType = 0,
  tunnelPort = 0,
  tunnelFlags = 0,
}: RawDestination = {}): Buffer {
  const values = [
    u32(3, method),
    u32(4, weight),
    u32(5, upper),
    u32(6, lower),
    u8(13, tunnelType),
    u16be(14, tunnelPort),
    u16(15, tunnelFlags),
  ];
  return nest(2, u16(11, 2), attribute(1, address(10, 0, 0, last)), u16be(2, port), ...values);
}

/**
 * Sends requests that the encoder cannot write, one after the other. Throws when the kernel refuses
 * one of them.
 */
export async function sendRaw(
  openSocket: OpenSocket,
  requests: readonly (readonly [command: number, ...nests: Buffer[]])[],
): Promise<void> {
  let answered: (datagram: Buffer) => void = () => {};
  let failed: (cause: unknown) => void = () => {};
  const socket = openSocket(
    { datagramSize: 8192, receiveBufferSize: 65_536 },
    { received: (datagram) => answered(Buffer.from(datagram)), failed: (cause) => failed(cause) },
  );
  const ask = (message: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      answered = resolve;
      failed = reject;
      socket.send(message);
    });
  try {
    const family = await ask(genericMessage(16, 1, 1, 3, text(2, 'IPVS')));
    // The id is the attribute after the name.
    const id = family.readUInt16LE(20 + 12 + 4);
    for (const [command, ...nests] of requests) {
      const answer = await ask(genericMessage(id, REQUEST_WITH_ACK, 2, command, ...nests));
      if (answer.readInt32LE(16) !== 0)
        throw new Error(`command ${command} was refused with ${answer.readInt32LE(16)}`);
    }
  } finally {
    socket.close();
  }
}
