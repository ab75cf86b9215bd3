import type { Bytes } from '../../src/kernel/netlink/attributes.ts';
import { encodeOperation } from '../../src/kernel/netlink/encode.ts';
import { MessageWriter } from '../../src/kernel/netlink/writer.ts';
import type { Operation } from '../../src/model/operation.ts';

/** The bytes of one operation's request, for family 28 and sequence number 1. */
export function encoded(operation: Operation): Buffer {
  const writer = new MessageWriter();
  encodeOperation(writer, 28, 1, operation);
  return Buffer.from(writer.written());
}

/** Where the inside of the top-level attribute of this type is; its nest must be there. */
export function inside(message: Buffer, type: number): readonly [bytes: Bytes, start: number, end: number] {
  for (let at = 20; at < message.length; at += Math.ceil(message.readUInt16LE(at) / 4) * 4) {
    if (message.readUInt16LE(at + 2) === type) return [viewOf(message), at + 4, at + message.readUInt16LE(at)];
  }
  throw new Error(`no attribute ${type}`);
}

export function viewOf(bytes: Uint8Array): Bytes {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Hexadecimal in groups, blanks ignored. */
export function hex(...groups: readonly string[]): string {
  return groups.join('').replaceAll(' ', '');
}
