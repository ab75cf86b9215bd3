import type { Family } from '../../model/address.ts';

/** Formats a netmask for a configuration: a prefix length from 1 to 32, or else a dotted mask. */
export function formatNetmask(mask: number, family: Family): number | string {
  if (family === 'ipv6') return mask;
  const length = Math.clz32(~mask >>> 0);
  const contiguous = mask !== 0 && (0xffff_ffff << (32 - length)) >>> 0 === mask;
  return contiguous
    ? length
    : [mask >>> 24, (mask >>> 16) & 255, (mask >>> 8) & 255, mask & 255].join('.');
}
