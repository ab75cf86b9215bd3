import type { Family } from '../../../model/address.ts';
import { maskOfPrefix, parseIPv4Mask } from '../../../model/networks.ts';
import { parseInetAddress } from './inet-address.ts';
import type { Names } from './names.ts';
import { parseNumber } from './number.ts';

/**
 * The value of `-M` as `ServiceSettings.persistenceNetmask`: a mask or `/N` for IPv4, a prefix length (`/` allowed) for IPv6. A
 * short plain number for IPv4, which ipvsadm takes for 0.0.0.N, and text after an IPv6 prefix length, which it ignores, are refused.
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

export function illegalNetmask(family: Family): string {
  return family === 'ipv6'
    ? 'illegal ipv6 netmask specified'
    : 'illegal virtual server persistent mask specified';
}
