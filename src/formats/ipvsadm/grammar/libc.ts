import { type Address, readAddress } from '../../../model/address.ts';

/*
 * Numbers and addresses as functions of the C library read them. Old save files and scripts have
 * such spellings, and must keep their meaning.
 */

/**
 * Reads a decimal number like `strtol`: white space and one sign may come before the digits.
 * Undefined for any other text, for text after the digits, and for a value outside min..max.
 */
export function parseNumber(text: string, min: number, max: number): number | undefined {
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  // The text `-0` is the number 0.
  return value >= min && value <= max ? value || 0 : undefined;
}

/** The largest value of the last part, by the number of parts before it. */
const LAST_PART_MAX = [0xffff_ffff, 0xff_ffff, 0xffff, 0xff];

/**
 * Reads an IPv4 address like `inet_aton`: one to four parts, each decimal, octal (`010`) or
 * hexadecimal. The last part fills the bytes that are left. Text after a blank is ignored.
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
  const bytes = Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  return readAddress('ipv4', bytes, 0);
}

function parsePart(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number(text);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
}
