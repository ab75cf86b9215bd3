import { IpvstateError } from '../../errors.ts';
import { type Address, type Family, readAddress } from '../../model/address.ts';
import { LITTLE_ENDIAN } from './message-writer.ts';
import { NLA_HDRLEN, NLA_TYPE_MASK } from './uapi.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The error for bytes that no kernel sends. `problem` is a noun phrase. */
export function malformed(problem: string): IpvstateError {
  return new IpvstateError('PROTOCOL', `undecodable netlink reply: ${problem}`, {
    hint: 'This is a bug, in ipvstate or in the kernel; please report it with the kernel version.',
  });
}

/**
 * Walks over netlink attributes (uapi: struct nlattr). A decoder calls `next` and switches over
 * `type`. It ignores the types it does not know. A method named after a type returns the value of
 * the attribute that `next` found. It throws `PROTOCOL` unless the value has exactly the length of
 * the type.
 */
export class AttributeReader {
  readonly #bytes: DataView;
  readonly #end: number;
  /** Offset of the header of the attribute that `next` found. */
  #at = 0;
  /** Length of that attribute with its header and without its padding. */
  #length = 0;
  #next: number;

  /** Reads the attributes in `[start, end)`. */
  constructor(bytes: DataView, start: number, end: number) {
    this.#bytes = bytes;
    this.#next = start;
    this.#end = end;
  }

  /**
   * Moves to the next attribute. Returns false when there is none. The last one may lack its
   * padding.
   */
  next(): boolean {
    const at = this.#next;
    const left = this.#end - at;
    if (left <= 0) return false;
    if (left < NLA_HDRLEN) throw malformed(`${left} bytes where an attribute should begin`);
    const length = this.#bytes.getUint16(at, LITTLE_ENDIAN);
    if (length < NLA_HDRLEN || length > left)
      throw malformed(`attribute of ${length} bytes in ${left}`);
    this.#at = at;
    this.#length = length;
    this.#next = at + ((length + 3) & ~3);
    return true;
  }

  /** Type of the attribute, without the flags for nesting and byte order. */
  get type(): number {
    return this.#bytes.getUint16(this.#at + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK;
  }

  u8(): number {
    return this.#bytes.getUint8(this.#payload(1));
  }

  u16(): number {
    return this.#bytes.getUint16(this.#payload(2), LITTLE_ENDIAN);
  }

  /** Network byte order. */
  u16be(): number {
    return this.#bytes.getUint16(this.#payload(2));
  }

  u32(): number {
    return this.#bytes.getUint32(this.#payload(4), LITTLE_ENDIAN);
  }

  /** Network byte order: the bytes `ff ff ff 00` are 0xffffff00. */
  u32be(): number {
    return this.#bytes.getUint32(this.#payload(4));
  }

  u64(): bigint {
    return this.#bytes.getBigUint64(this.#payload(8), LITTLE_ENDIAN);
  }

  /** The flags of a struct ip_vs_flags. Its mask has no meaning in a reply. */
  flags(): number {
    return this.#bytes.getUint32(this.#payload(8), LITTLE_ENDIAN);
  }

  /** struct in_addr: an IPv4 address of 4 bytes. */
  address4(): Address {
    return this.addressAt(this.#payload(4), 'ipv4');
  }

  /** Offset of a union nf_inet_addr of 16 bytes, for `addressAt` once the family is known. */
  addressOffset(): number {
    return this.#payload(16);
  }

  addressAt(offset: number, family: Family): Address {
    if (family === 'ipv6') {
      return readAddress(
        family,
        new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + offset, 16),
        0,
      );
    }
    const byte = (index: number) => this.#bytes.getUint8(offset + index);
    return `${byte(0)}.${byte(1)}.${byte(2)}.${byte(3)}` as Address;
  }

  /** Text that ends with a NUL, the only one in it. */
  string(): string {
    const start = this.#at + NLA_HDRLEN;
    const last = this.#at + this.#length - 1;
    if (last < start || this.#bytes.getUint8(last) !== 0)
      throw malformed(`attribute ${this.type} is not a string`);
    const text = decodeUTF8(
      new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, last - start),
    );
    if (text.includes('\0')) throw malformed(`attribute ${this.type} has a NUL inside a name`);
    return text;
  }

  /** The attributes inside of this one. */
  nested(): AttributeReader {
    return new AttributeReader(this.#bytes, this.#at + NLA_HDRLEN, this.#at + this.#length);
  }

  /** Offset of the payload, which must have `size` bytes. */
  #payload(size: number): number {
    if (this.#length !== NLA_HDRLEN + size) {
      throw malformed(`attribute ${this.type} has ${this.#length - NLA_HDRLEN} bytes, not ${size}`);
    }
    return this.#at + NLA_HDRLEN;
  }
}

function decodeUTF8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed('a name that is not UTF-8');
  }
}
