import { type Address, addressFamily } from '../../../model/address.ts';

/** 224.0.0.0/4 or ff00::/8 */
export function isMulticast(address: Address | undefined): boolean {
  if (address === undefined) return false;
  return addressFamily(address) === 'ipv6'
    ? /^ff..:/.test(address)
    : /^2(?:2[4-9]|3\d)\./.test(address);
}
