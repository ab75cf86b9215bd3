/*
 * Messages and attributes of netlink, independent of the code under test, so that a mistake there
 * is not repeated here.
 */

export type Attributes = ReadonlyMap<number, Buffer>;

/**
 * Splits attributes by the rules of the kernel: it keeps unknown types, ignores a broken rest, and
 * takes the last of two attributes of the same type.
 */
export function splitAttributes(payload: Buffer): Attributes {
  const found = new Map<number, Buffer>();
  let rest = payload;
  while (rest.length >= 4) {
    const size = rest.readUInt16LE(0);
    if (size < 4 || size > rest.length) break;
    found.set(rest.readUInt16LE(2) & 0x3fff, rest.subarray(4, size));
    rest = rest.subarray(Math.min(rest.length, Math.ceil(size / 4) * 4));
  }
  return found;
}

export function attribute(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + payload.length, 0);
  head.writeUInt16LE(type, 2);
  return Buffer.concat([head, payload, Buffer.alloc((4 - (payload.length % 4)) % 4)]);
}

export function nest(type: number, ...attributes: readonly Buffer[]): Buffer {
  return attribute(type, Buffer.concat(attributes));
}

export function u8(type: number, value: number): Buffer {
  return attribute(type, Buffer.of(value));
}

export function u16(type: number, value: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16LE(value);
  return attribute(type, payload);
}

export function u16be(type: number, value: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(value);
  return attribute(type, payload);
}

export function u32(type: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32LE(value >>> 0);
  return attribute(type, payload);
}

export function u64(type: number, value: bigint): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeBigUInt64LE(value);
  return attribute(type, payload);
}

export function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}

export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  readonly command: number;
  readonly attributes: Attributes;
  /** The whole message, which an error reply repeats. */
  readonly bytes: Buffer;
}

/**
 * Splits one send into its requests. After a wrong length it ignores the rest, as the kernel does.
 */
export function splitRequests(bytes: Buffer): Request[] {
  const requests: Request[] = [];
  let rest = bytes;
  while (rest.length >= 20) {
    const size = rest.readUInt32LE(0);
    if (size < 20 || size > rest.length) break;
    const message = rest.subarray(0, size);
    requests.push({
      type: message.readUInt16LE(4),
      flags: message.readUInt16LE(6),
      sequence: message.readUInt32LE(8),
      port: message.readUInt32LE(12),
      command: message.readUInt8(16),
      attributes: splitAttributes(message.subarray(20)),
      bytes: Buffer.from(message),
    });
    rest = rest.subarray(Math.min(rest.length, Math.ceil(size / 4) * 4));
  }
  return requests;
}

export function message(type: number, flags: number, sequence: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(16 + payload.length, 0);
  head.writeUInt16LE(type, 4);
  head.writeUInt16LE(flags, 6);
  head.writeUInt32LE(sequence, 8);
  return Buffer.concat([head, payload, Buffer.alloc((4 - (payload.length % 4)) % 4)]);
}

export function genericMessage(
  type: number,
  flags: number,
  sequence: number,
  command: number,
  ...attributes: readonly Buffer[]
): Buffer {
  return message(
    type,
    flags,
    sequence,
    Buffer.concat([Buffer.of(command, 1, 0, 0), ...attributes]),
  );
}
