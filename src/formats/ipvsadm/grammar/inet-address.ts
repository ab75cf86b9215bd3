import { type Address, readAddress } from '../../../model/address.ts';

/** The largest value of the last part, by the number of parts before it. */
const LAST_PART_MAX = [0xffff_ffff, 0xff_ffff, 0xffff, 0xff];

/**
 * IPv4 text as C's `inet_aton` reads it: one to four parts, decimal, octal (`010`) or hexadecimal, the last one filling what is left;
 * whatever follows a blank is ignored. Such spellings stand in old save files and must keep their meaning.
 */
export function parseInetAddress(text: string): Address | undefined {
  const significant = /^[^ \t\n\v\f\r]*/.exec(text)?.[0] ?? '';
  const parts = significant.split('.').map(parsePart);
  const last = parts.pop();
  const max = LAST_PART_MAX[parts.length];
  if (last === undefined || max === undefined || last > max) return undefined;
  let value = last;
  for (const [index, part] of parts.entries()) {
    if (part === undefined || part > 0xff) return undefined;
    value += part * 2 ** (24 - 8 * index);
  }
  return formatInetAddress(value);
}

/** An unsigned 32-bit number as a dotted quad. */
export function formatInetAddress(value: number): Address {
  return readAddress(
    'ipv4',
    [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff) as unknown as Uint8Array,
    0,
  );
}

function parsePart(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number(text);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
}
