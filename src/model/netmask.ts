import { parseAddress, writeAddress } from './address.ts';

/** An IPv4 mask as a dotted quad, from its 32 bits: 0xffffff00 is `255.255.255.0`. */
export function formatIPv4Mask(mask: number): string {
  return `${mask >>> 24}.${(mask >>> 16) & 0xff}.${(mask >>> 8) & 0xff}.${mask & 0xff}`;
}

/** The 32 bits of a dotted quad, whether its ones are contiguous or not; undefined for anything else. */
export function parseIPv4Mask(text: string): number | undefined {
  const address = parseAddress(text);
  if (!address || address.includes(':')) return undefined;
  const bytes = new Uint8Array(16);
  writeAddress(address, bytes, 0);
  return new DataView(bytes.buffer).getUint32(0);
}

/** The mask of an IPv4 prefix length, 0..32. */
export function maskOfPrefix(length: number): number {
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
}

/** The prefix length of a mask; undefined when its ones are not contiguous. */
export function prefixOfMask(mask: number): number | undefined {
  const length = Math.clz32(~mask);
  return maskOfPrefix(length) === mask ? length : undefined;
}
