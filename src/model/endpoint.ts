import { type Address, addressFamily, endOfIPv4, parseAddress } from './address.ts';

const COLON = 0x3a;
const ZERO = 0x30;

/** `10.0.0.1:80` or `[2001:db8::1]:80`. */
export function formatEndpoint(address: Address, port: number): string {
  return addressFamily(address) === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

export interface Endpoint {
  readonly address: Address;
  /** 0..65535; undefined when the text has none. */
  readonly port: number | undefined;
}

/**
 * Reads `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80` at
 * `[start, end)` of a text; undefined for anything else.
 */
export function parseEndpoint(text: string, start = 0, end = text.length): Endpoint | undefined {
  const colon = endOfIPv4(text, start);
  if (colon === -1) return parseIPv6Endpoint(text.slice(start, end));
  const address = text.slice(start, colon) as Address;
  if (colon === end) return { address, port: undefined };
  if (text.charCodeAt(colon) !== COLON) return undefined;
  const port = parsePort(text, colon + 1, end);
  return port === undefined ? undefined : { address, port };
}

/** Reads a decimal port without sign, blanks or leading zeros at `[start, end)` of a text. */
export function parsePort(text: string, start = 0, end = text.length): number | undefined {
  if (text.charCodeAt(start) === ZERO && end - start > 1) return undefined;
  const port = readDigits(text, start, end);
  return port !== undefined && port <= 65_535 ? port : undefined;
}

function parseIPv6Endpoint(text: string): Endpoint | undefined {
  const [, host = text, port] = /^\[([^\]]*)\](?::(.*))?$/s.exec(text) ?? [];
  const address = parseAddress(host);
  if (!address || addressFamily(address) !== 'ipv6') return undefined;
  if (port === undefined) return { address, port };
  const number = parsePort(port);
  return number === undefined ? undefined : { address, port: number };
}

/**
 * Returns the number at `[start, end)` of a text; undefined when there are no digits, other
 * characters, or more digits than a 32-bit number has.
 */
export function readDigits(text: string, start: number, end: number): number | undefined {
  if (end <= start || end - start > 10) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
