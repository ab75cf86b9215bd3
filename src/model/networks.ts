import {
  type Address,
  addressFamily,
  type Family,
  parseAddress,
  readAddress,
  writeAddress,
} from './address.ts';

/** A network: the addresses that share its first `prefixLength` bits. */
export interface Cidr {
  readonly family: Family;
  /** 16 bytes in the kernel's form. */
  readonly bytes: Uint8Array;
  readonly prefixLength: number;
}

/**
 * Reads `192.0.2.0/24`, `2001:db8::/32`, or a bare address as the network of itself; undefined for
 * anything else, an address with host bits included.
 */
export function parseCidr(text: string): Cidr | undefined {
  const network = parseNetwork(text);
  return network && !network.hasHostBits ? network.cidr : undefined;
}

/**
 * Returns the network of an address with a prefix length, as `192.0.2.0/24`; undefined for anything
 * else.
 */
export function networkOf(text: string): string | undefined {
  const network = parseNetwork(text);
  if (!network) return undefined;
  const { family, bytes, prefixLength } = network.cidr;
  return `${readAddress(family, bytes, 0)}/${prefixLength}`;
}

function parseNetwork(
  text: string,
): { readonly cidr: Cidr; readonly hasHostBits: boolean } | undefined {
  const [host = '', length, ...rest] = text.split('/');
  const address = parseAddress(host);
  if (!address || rest.length > 0) return undefined;
  const family = addressFamily(address);
  const bits = family === 'ipv4' ? 32 : 128;
  if (length !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefixLength = length === undefined ? bits : Number(length);
  if (prefixLength > bits) return undefined;
  const bytes = bytesOf(address);
  let hasHostBits = false;
  for (let bit = prefixLength; bit < bits; bit++) {
    if (!bitOf(bytes, bit)) continue;
    hasHostBits = true;
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) & ~(0x80 >> (bit & 7));
  }
  return { cidr: { family, bytes, prefixLength }, hasHostBits };
}

export function cidrContains({ family, bytes, prefixLength }: Cidr, address: Address): boolean {
  if (addressFamily(address) !== family) return false;
  const other = bytesOf(address);
  const whole = prefixLength >> 3;
  for (let index = 0; index < whole; index++) if (bytes[index] !== other[index]) return false;
  const mask = 0xff00 >> (prefixLength & 7);
  return (((bytes[whole] ?? 0) ^ (other[whole] ?? 0)) & mask & 0xff) === 0;
}

function bytesOf(address: Address): Uint8Array {
  const bytes = new Uint8Array(16);
  writeAddress(address, bytes, 0);
  return bytes;
}

function bitOf(bytes: Uint8Array, bit: number): boolean {
  return ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}

/** Returns an IPv4 mask as a dotted quad: 0xffffff00 is `255.255.255.0`. */
export function formatIPv4Mask(mask: number): string {
  return `${mask >>> 24}.${(mask >>> 16) & 0xff}.${(mask >>> 8) & 0xff}.${mask & 0xff}`;
}

/**
 * Returns the 32 bits of a dotted quad, whether its ones are contiguous or not; undefined for
 * anything else.
 */
export function parseIPv4Mask(text: string): number | undefined {
  const address = parseAddress(text);
  if (!address || address.includes(':')) return undefined;
  const bytes = new Uint8Array(16);
  writeAddress(address, bytes, 0);
  return new DataView(bytes.buffer).getUint32(0);
}

/** Returns the mask of an IPv4 prefix length, 0..32. */
export function maskOfPrefix(length: number): number {
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
}

/** Returns the prefix length of a mask; undefined when its ones are not contiguous. */
export function prefixOfMask(mask: number): number | undefined {
  const length = Math.clz32(~mask);
  return maskOfPrefix(length) === mask ? length : undefined;
}
