import { type Address, writeAddress } from '../../model/address.ts';
import { GENL_HDRLEN, NLA_HDRLEN, NLMSG_HDRLEN } from './uapi.ts';

/** Netlink integers have the byte order of the machine (uapi: linux/netlink.h). */
export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const utf8 = new TextEncoder();

/**
 * Bytes of room that `openMessage` and `string` make. No message of this client is larger without
 * its strings.
 */
const LARGEST_MESSAGE = 512;

/**
 * Writes each attribute of one kind of request. The key of a row is the field that the row writes.
 */
export type AttributeTable<Value, Field extends PropertyKey> = Readonly<
  Record<Field, (writer: MessageWriter, value: Value) => void>
>;

/**
 * Writes generic netlink messages behind each other into one buffer. The buffer grows, and is used
 * again after `clear`. A method named after a type writes one attribute.
 */
export class MessageWriter {
  #bytes = new Uint8Array(32 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #messageStart = 0;

  /** Bytes written since the last `clear`, the open message included. */
  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** The finished messages. The bytes are overwritten after `clear`. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Begins a message: struct nlmsghdr with port 0, which is the kernel's to fill in, and struct
   * genlmsghdr.
   */
  openMessage(
    type: number,
    flags: number,
    sequence: number,
    command: number,
    version: number,
  ): void {
    this.#reserve(LARGEST_MESSAGE);
    const at = this.#length;
    this.#messageStart = at;
    this.#view.setUint16(at + 4, type, LITTLE_ENDIAN);
    this.#view.setUint16(at + 6, flags, LITTLE_ENDIAN);
    this.#view.setUint32(at + 8, sequence, LITTLE_ENDIAN);
    this.#view.setUint32(at + 12, 0, LITTLE_ENDIAN);
    this.#view.setUint32(at + NLMSG_HDRLEN, 0, LITTLE_ENDIAN);
    this.#bytes[at + NLMSG_HDRLEN] = command;
    this.#bytes[at + NLMSG_HDRLEN + 1] = version;
    this.#length = at + NLMSG_HDRLEN + GENL_HDRLEN;
  }

  /** Writes bytes that are zero: the rest of a header that is longer than struct genlmsghdr. */
  zeros(count: number): void {
    this.#bytes.fill(0, this.#length, this.#length + count);
    this.#length += count;
  }

  closeMessage(): void {
    this.#view.setUint32(this.#messageStart, this.#length - this.#messageStart, LITTLE_ENDIAN);
  }

  /** Begins a nested attribute. Returns what `closeNest` needs. */
  openNest(type: number): number {
    const at = this.#length;
    this.#view.setUint16(at + 2, type, LITTLE_ENDIAN);
    this.#length = at + NLA_HDRLEN;
    return at;
  }

  closeNest(at: number): void {
    this.#view.setUint16(at, this.#length - at, LITTLE_ENDIAN);
  }

  u8(type: number, value: number): void {
    const at = this.#header(type, 1);
    this.#view.setUint32(at, 0);
    this.#bytes[at] = value;
  }

  u16(type: number, value: number): void {
    const at = this.#header(type, 2);
    this.#view.setUint32(at, 0);
    this.#view.setUint16(at, value, LITTLE_ENDIAN);
  }

  /** Network byte order: ports. */
  u16be(type: number, value: number): void {
    const at = this.#header(type, 2);
    this.#view.setUint32(at, 0);
    this.#view.setUint16(at, value);
  }

  u32(type: number, value: number): void {
    this.#view.setUint32(this.#header(type, 4), value, LITTLE_ENDIAN);
  }

  /** Network byte order: IPv4 masks. */
  u32be(type: number, value: number): void {
    this.#view.setUint32(this.#header(type, 4), value);
  }

  /** struct ip_vs_flags. */
  flags(type: number, flags: number, mask: number): void {
    const at = this.#header(type, 8);
    this.#view.setUint32(at, flags, LITTLE_ENDIAN);
    this.#view.setUint32(at + 4, mask, LITTLE_ENDIAN);
  }

  /** union nf_inet_addr, which has 16 bytes for IPv4 too. */
  address(type: number, address: Address): void {
    writeAddress(address, this.#bytes, this.#header(type, 16));
  }

  /** struct in_addr: the 4 bytes of an IPv4 address. */
  address4(type: number, address: Address): void {
    // `writeAddress` fills 16 bytes. Those after the attribute are written again by the next one.
    writeAddress(address, this.#bytes, this.#header(type, 4));
  }

  /**
   * Text with a NUL behind it. Throws for text with a NUL in it, of which the kernel would read
   * only a part.
   */
  string(type: number, value: string): void {
    if (value.includes('\0'))
      throw new Error(`a name with a NUL character: ${JSON.stringify(value)}`);
    this.#reserve(3 * value.length + LARGEST_MESSAGE);
    const start = this.#length + NLA_HDRLEN;
    const end = start + utf8.encodeInto(value, this.#bytes.subarray(start)).written;
    this.#header(type, end - start + 1);
    this.#bytes.fill(0, end, this.#length);
  }

  /**
   * Writes the header of an attribute of `payload` bytes and returns their offset. Attributes are
   * aligned to 4 bytes.
   */
  #header(type: number, payload: number): number {
    const at = this.#length;
    this.#view.setUint16(at, NLA_HDRLEN + payload, LITTLE_ENDIAN);
    this.#view.setUint16(at + 2, type, LITTLE_ENDIAN);
    this.#length = at + NLA_HDRLEN + ((payload + 3) & ~3);
    return at + NLA_HDRLEN;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const bytes = new Uint8Array(2 * (this.#length + count));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
