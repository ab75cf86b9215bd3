/**
 * IP addresses as canonical text: equal addresses are equal strings. They can be keys of a map and
 * compare with `===`. Only strict spellings are read. Some parsers read `010.0.0.1`, `10.1` and
 * `0x0a000001` as other addresses; here they are no addresses.
 */
declare const brand: unique symbol;

/**
 * IPv4 as a dotted quad; IPv6 as `inet_ntop` prints it (RFC 5952: lower case, longest run of zeros
 * as `::`).
 */
export type Address = string & { readonly [brand]: 'Address' };

export type Family = 'ipv4' | 'ipv6';

const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

export function addressFamily(address: Address): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/**
 * Returns the canonical address; undefined for anything else, such as a name, a zone
 * (`fe80::1%eth0`), leading zeros or blanks.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(':')) {
    const words = parseIPv6Words(text);
    return words && formatIPv6Words(words);
  }
  return isIPv4(text) ? (text as Address) : undefined;
}

/**
 * Writes the kernel's 16-byte form: IPv4 in the first 4 bytes, the rest zero (uapi: union
 * nf_inet_addr).
 */
export function writeAddress(address: Address, bytes: Uint8Array, offset: number): void {
  if (addressFamily(address) === 'ipv4') {
    writeIPv4(address, bytes, offset);
    // A call of `fill` takes longer than the rest of this function.
    for (let at = offset + 4; at < offset + 16; at++) bytes[at] = 0;
    return;
  }
  const words = parseIPv6Words(address);
  if (!words) throw new Error(`not an IPv6 address: ${address}`);
  words.forEach((word, index) => {
    bytes[offset + 2 * index] = word >> 8;
    bytes[offset + 2 * index + 1] = word & 0xff;
  });
}

/** Reads 4 bytes (IPv4) or 16 bytes (IPv6) in network order. */
export function readAddress(family: Family, bytes: Uint8Array, offset: number): Address {
  if (family === 'ipv4') {
    const last = `${bytes[offset + 2]}.${bytes[offset + 3]}`;
    return `${bytes[offset]}.${bytes[offset + 1]}.${last}` as Address;
  }
  const words = Array.from(
    { length: 8 },
    (_, index) => ((bytes[offset + 2 * index] ?? 0) << 8) | (bytes[offset + 2 * index + 1] ?? 0),
  );
  return formatIPv6Words(words);
}

/**
 * Sorts IPv4 first. Written by hand: `localeCompare` loads the data of the locale, which takes 20
 * ms, a tenth of a whole `plan`.
 */
export function compareFamilies(a: Family, b: Family): number {
  return a === b ? 0 : a === 'ipv4' ? -1 : 1;
}

/** Room for two addresses that are compared. A large table is compared a hundred thousand times. */
const LEFT = new Uint8Array(16);
const RIGHT = new Uint8Array(16);

/** Sorts IPv4 before IPv6, then by value. */
export function compareAddresses(a: Address, b: Address): number {
  if (a === b) return 0;
  const families = compareFamilies(addressFamily(a), addressFamily(b));
  if (families !== 0) return families;
  writeAddress(a, LEFT, 0);
  writeAddress(b, RIGHT, 0);
  for (let index = 0; index < 16; index++) {
    const difference = (LEFT[index] ?? 0) - (RIGHT[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Tells whether the address is an IPv4 address written as IPv6, such as `::ffff:10.0.0.1`. The
 * kernel keeps it apart from 10.0.0.1.
 */
export function isIPv4Mapped(address: Address): boolean {
  return address.startsWith('::ffff:') && address.includes('.');
}

function isIPv4(text: string): boolean {
  return endOfIPv4(text, 0) === text.length;
}

/**
 * Returns the offset after the dotted quad at `start`: four numbers of up to 255 without leading
 * zeros. -1 when there is none.
 */
export function endOfIPv4(text: string, start: number): number {
  let dots = 0;
  let digits = 0;
  let value = 0;
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0) return -1;
      dots++;
      digits = 0;
      value = 0;
    } else if (code >= ZERO && code <= NINE) {
      if (digits > 0 && value === 0) return -1;
      digits++;
      value = value * 10 + code - ZERO;
      if (value > 255) return -1;
    } else {
      break;
    }
  }
  return dots === 3 && digits > 0 ? at : -1;
}

function writeIPv4(text: string, bytes: Uint8Array, offset: number): void {
  let at = offset;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      bytes[at++] = value;
      value = 0;
    } else {
      value = value * 10 + code - ZERO;
    }
  }
  bytes[at] = value;
}

/**
 * Reads an IPv6 address (RFC 4291, section 2.2): eight groups of one to four hex digits, one `::`,
 * and the last two groups perhaps as a dotted quad.
 */
function parseIPv6Words(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [left = '', right] = halves;
  const head = parseGroups(left, right === undefined);
  const tail = right === undefined ? [] : parseGroups(right, true);
  if (!head || !tail) return undefined;
  if (right === undefined) return head.length === 8 ? head : undefined;
  const missing = 8 - head.length - tail.length;
  return missing >= 1 ? [...head, ...new Array<number>(missing).fill(0), ...tail] : undefined;
}

function parseGroups(text: string, mayEndInIPv4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const words: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      words.push(Number.parseInt(group, 16));
    } else if (mayEndInIPv4 && index === groups.length - 1 && isIPv4(group)) {
      const quad = new Uint8Array(4);
      writeIPv4(group, quad, 0);
      const [a = 0, b = 0, c = 0, d = 0] = quad;
      words.push((a << 8) | b, (c << 8) | d);
    } else {
      return undefined;
    }
  }
  return words;
}

function formatIPv6Words(words: readonly number[]): Address {
  const run = longestZeroRun(words);
  if (run.start === 0 && (run.length === 6 || (run.length === 5 && words[5] === 0xffff))) {
    const [high = 0, low = 0] = words.slice(6);
    const last = [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
    return `::${run.length === 5 ? 'ffff:' : ''}${last}` as Address;
  }
  const hex = words.map((word) => word.toString(16));
  if (run.length < 2) return hex.join(':') as Address;
  const rest = hex.slice(run.start + run.length).join(':');
  return `${hex.slice(0, run.start).join(':')}::${rest}` as Address;
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
