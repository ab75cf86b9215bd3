import { AttributeReader } from '../../src/kernel/netlink/attribute-reader.ts';
import { encodeOperation } from '../../src/kernel/netlink/encode.ts';
import { MessageWriter } from '../../src/kernel/netlink/message-writer.ts';
import type { Operation } from '../../src/model/operation.ts';

/** Length of struct nlmsghdr and struct genlmsghdr. */
const HEADERS = 20;

/** The bytes of one operation's request, for family 28 and sequence number 1. */
export function encoded(operation: Operation): Buffer {
  const writer = new MessageWriter();
  encodeOperation(writer, 28, 1, operation);
  return Buffer.from(writer.written());
}

/** Reads attributes that begin at `start`. */
export function readerOf(bytes: Uint8Array, start = 0): AttributeReader {
  return new AttributeReader(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    start,
    bytes.byteLength,
  );
}

/** Reads the attributes of a message. */
export function attributesOf(message: Buffer): AttributeReader {
  return readerOf(message, HEADERS);
}

/** Reads the attributes inside of the nest of this type, which must be in the message. */
export function nestOf(message: Buffer, type: number): AttributeReader {
  const attributes = attributesOf(message);
  while (attributes.next()) if (attributes.type === type) return attributes.nested();
  throw new Error(`no attribute ${type}`);
}

/** Joins hexadecimal digits. Blanks are ignored. */
export function hex(...groups: readonly string[]): string {
  return groups.join('').replaceAll(' ', '');
}
