import { addressFamily, parseAddress, readAddress } from '../../model/address.ts';

/** The most servers of one range. A larger one is a mistake. */
const MAX_RANGE = 4096;

/** The addresses from `first` to `last`, or the reason why that is no range. */
export function expandRange(first: string, last: string): readonly string[] | { reason: string } {
  const [from, to] = [numberOf(first), numberOf(last)];
  if (from === undefined || to === undefined)
    return { reason: `${first}->${last} is no range of IPv4 addresses` };
  const count = to - from + 1;
  if (count < 1) return { reason: `the range ${first}->${last} ends before it begins` };
  if (count > MAX_RANGE)
    return { reason: `the range ${first}->${last} has ${count} addresses, more than ${MAX_RANGE}` };
  return Array.from({ length: count }, (_, index) => addressOf(from + index));
}

function numberOf(text: string): number | undefined {
  const address = parseAddress(text);
  if (address === undefined || addressFamily(address) !== 'ipv4') return undefined;
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

function addressOf(number: number): string {
  return readAddress('ipv4', Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number), 0);
}
