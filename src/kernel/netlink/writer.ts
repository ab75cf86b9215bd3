import { type Address, writeAddress } from '../../model/address.ts';
import { GENL_HDRLEN, NLA_HDRLEN, NLMSG_HDRLEN } from './uapi.ts';

/** Netlink integers are in the machine's byte order (linux/netlink.h). */
export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const utf8 = new TextEncoder();

/** More than any message of this client takes, strings aside: so only `openMessage` and strings look at the capacity. */
const LARGEST_MESSAGE = 512;

/** A message that others are like. */
interface Model {
  readonly subject: object;
  readonly command: number;
  /** Offsets in the buffer. */
  readonly start: number;
  readonly end: number;
  readonly place: number;
}

/**
 * Writes generic netlink messages, one behind the other, straight into one buffer that grows and is used again. The methods
 * named after a type write one attribute. Nothing is allocated for a message.
 */
export class MessageWriter {
  #bytes = new Uint8Array(32 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #messageStart = 0;
  #model: Model | undefined;

  /** Bytes written since the last `clear`, the open message included. */
  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
    this.#model = undefined;
  }

  /** Keeps the message that was closed last as the model for others with this command about this subject. `place` is somewhere in it. */
  keepModel(subject: object, command: number, place: number): void {
    this.#model = { subject, command, start: this.#messageStart, end: this.#length, place };
  }

  /** Writes the model again, with another sequence number. Returns the place in the new message; -1 when the model is for others. */
  repeatModel(subject: object, command: number, sequence: number): number {
    const model = this.#model;
    if (model === undefined || model.subject !== subject || model.command !== command) return -1;
    this.#reserve(LARGEST_MESSAGE);
    const at = this.#length;
    this.#bytes.copyWithin(at, model.start, model.end);
    this.#view.setUint32(at + 8, sequence, LITTLE_ENDIAN);
    this.#length = at + model.end - model.start;
    return at + model.place - model.start;
  }

  /** The finished messages. The same memory is written again after `clear`. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Copies bytes in; returns where they begin, for the setters. */
  append(bytes: Uint8Array): number {
    const at = this.#length;
    this.#bytes.set(bytes, at);
    this.#length = at + bytes.length;
    return at;
  }

  setU8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  setU16(at: number, value: number): void {
    this.#view.setUint16(at, value, LITTLE_ENDIAN);
  }

  /** Network byte order: ports. */
  setU16be(at: number, value: number): void {
    this.#view.setUint16(at, value);
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, LITTLE_ENDIAN);
  }

  /** 16 bytes. */
  setAddress(at: number, address: Address): void {
    writeAddress(address, this.#bytes, at);
  }

  /** Begins a message: nlmsghdr and genlmsghdr, with port 0 (the kernel fills it in). */
  openMessage(type: number, flags: number, sequence: number, command: number, version: number): void {
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

  closeMessage(): void {
    this.#view.setUint32(this.#messageStart, this.#length - this.#messageStart, LITTLE_ENDIAN);
  }

  /** Begins a nested attribute; its return value is for `closeNest`. */
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

  /** Network byte order: IPv4 masks and groups. */
  u32be(type: number, value: number): void {
    this.#view.setUint32(this.#header(type, 4), value);
  }

  /** struct ip_vs_flags. */
  flags(type: number, flags: number, mask: number): void {
    const at = this.#header(type, 8);
    this.#view.setUint32(at, flags, LITTLE_ENDIAN);
    this.#view.setUint32(at + 4, mask, LITTLE_ENDIAN);
  }

  /** union nf_inet_addr: always 16 bytes. */
  address(type: number, address: Address): void {
    writeAddress(address, this.#bytes, this.#header(type, 16));
  }

  /** The first four bytes of an IPv4 address. */
  address4(type: number, address: Address): void {
    writeAddress(address, this.#bytes, this.#header(type, 4));
  }

  /** NUL-terminated. A NUL inside would silently name something else. */
  string(type: number, value: string): void {
    if (value.includes('\0')) throw new Error(`a name with a NUL character: ${JSON.stringify(value)}`);
    this.#reserve(3 * value.length + LARGEST_MESSAGE);
    const start = this.#length + NLA_HDRLEN;
    let end = start;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        end = start + utf8.encodeInto(value, this.#bytes.subarray(start)).written;
        break;
      }
      this.#bytes[end++] = code;
    }
    this.#header(type, end - start + 1);
    this.#bytes.fill(0, end, this.#length);
  }

  /** Returns where the payload goes; the next attribute follows it, aligned to 4. */
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
