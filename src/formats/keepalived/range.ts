import { type Address, addressFamily, readAddress, writeAddress } from '../../model/address.ts';

/* Addresses as numbers of 32 or 128 bits. */

const bits = (address: Address): number => (addressFamily(address) === 'ipv4' ? 32 : 128);

function toNumber(address: Address): bigint {
  const bytes = new Uint8Array(16);
  writeAddress(address, bytes, 0);
  let number = 0n;
  for (let at = 0; at < bits(address) / 8; at++) number = number * 256n + BigInt(bytes[at] ?? 0);
  return number;
}

/** Returns the address of a number, in the family of another address. */
function toAddress(number: bigint, like: Address): Address {
  const bytes = new Uint8Array(16);
  let rest = number;
  for (let at = bits(like) / 8 - 1; at >= 0; at--) {
    bytes[at] = Number(rest % 256n);
    rest /= 256n;
  }
  return readAddress(addressFamily(like), bytes, 0);
}

/** Lists the addresses of a range. Returns undefined when there are more than `most`. */
export function addressRange(
  first: Address,
  last: Address,
  most: number,
): readonly Address[] | undefined {
  const start = toNumber(first);
  const length = toNumber(last) - start + 1n;
  if (length > BigInt(most)) return undefined;
  return Array.from({ length: Number(length) }, (_, index) =>
    toAddress(start + BigInt(index), first),
  );
}

/** Returns the last address of a network; undefined when the first one is not its beginning. */
export function lastOfNetwork(first: Address, prefixLength: number): Address | undefined {
  const size = 1n << BigInt(bits(first) - prefixLength);
  const start = toNumber(first);
  return start % size === 0n ? toAddress(start + size - 1n, first) : undefined;
}

/** Replaces the last 16 bits of an IPv6 address. */
export function withLastWord(address: Address, word: number): Address {
  const start = toNumber(address);
  return toAddress(start - (start % 65_536n) + BigInt(word), address);
}
