import type { Family } from '../../../model/address.ts';
import { maskOfPrefix, parseIPv4Mask } from '../../../model/networks.ts';
import { parseInetAddress, parseNumber } from './libc.ts';
import type { Names } from './names.ts';

/**
 * Reads the value of `-M` as a `persistenceNetmask`: for IPv4 a mask or `/N`, for IPv6 a prefix
 * length with or without `/`. Two values that ipvsadm accepts are refused: a short plain number for
 * IPv4, which ipvsadm reads as 0.0.0.N, and text after an IPv6 prefix length, which it ignores.
 */
export function parseNetmask(text: string, family: Family, names: Names): number | undefined {
  const prefix = text.startsWith('/') ? text.slice(1) : undefined;
  if (family === 'ipv6') return parseNumber(prefix ?? text, 1, 128);
  if (prefix !== undefined) {
    const length = parseNumber(prefix, 0, 32);
    return length === undefined ? undefined : maskOfPrefix(length);
  }
  if (/^[1-9][0-9]{0,2}$/.test(text)) return undefined;
  const mask = text === '' ? undefined : (parseInetAddress(text) ?? names.address(text));
  return mask && parseIPv4Mask(mask);
}

/** The message of ipvsadm about a bad `-M`. */
export function illegalNetmask(family: Family): string {
  return family === 'ipv6'
    ? 'illegal ipv6 netmask specified'
    : 'illegal virtual server persistent mask specified';
}
