import { type Address, addressFamily, parseAddress } from '../../../model/address.ts';
import type { Endpoint } from '../../../model/endpoint.ts';
import type { Protocol } from '../../../model/service.ts';
import { parseInetAddress, parseNumber } from './libc.ts';
import type { Names } from './names.ts';

/**
 * Reads `host`, `host:port`, `[v6]:port` or a bare IPv6 address. The host is IPv4 text for
 * `inet_aton`, or a name. Like ipvsadm it refuses `[v6]` without a port, and a bare number. Unlike
 * ipvsadm it keeps the port of `[10.0.0.1]:80`.
 */
export function parseHostPort(
  text: string,
  protocol: Protocol,
  names: Names,
): Endpoint | undefined {
  if (/^[0-9]*$/.test(text)) return undefined;
  if (text.startsWith('[')) {
    const [, host = '', port] = /^\[([^\]]*)\]:(.*)$/s.exec(text) ?? [];
    return port === undefined
      ? undefined
      : withPort(ipv6(host) ?? ipv4(host, names), port, protocol, names);
  }
  const literal = ipv6(text);
  if (literal) return { address: literal, port: undefined };
  const colon = text.lastIndexOf(':');
  if (colon === -1) return withPort(ipv4(text, names), undefined, protocol, names);
  return withPort(ipv4(text.slice(0, colon), names), text.slice(colon + 1), protocol, names);
}

/** Tells whether `parseHostPort` reads the text as an IPv6 address. Looks no name up. */
export function isIPv6HostPort(text: string): boolean {
  return ipv6(text.startsWith('[') ? hostOf(text) : text) !== undefined;
}

/** The host as the text spells it, without brackets and port. */
export function hostOf(text: string): string {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1;
  if (bracket !== -1) return text.slice(1, bracket);
  const colon = text.lastIndexOf(':');
  return colon === -1 || ipv6(text) ? text : text.slice(0, colon);
}

function ipv6(text = ''): Address | undefined {
  if (text.indexOf(':') === text.lastIndexOf(':')) return undefined;
  const address = parseAddress(text);
  return address && addressFamily(address) === 'ipv6' ? address : undefined;
}

function ipv4(host: string, names: Names): Address | undefined {
  if (host === '' || host.includes(':')) return undefined;
  return parseAddress(host) ?? parseInetAddress(host) ?? names.address(host);
}

function withPort(
  address: Address | undefined,
  portText: string | undefined,
  protocol: Protocol,
  names: Names,
): Endpoint | undefined {
  if (!address) return undefined;
  if (portText === undefined) return { address, port: undefined };
  const port = parseNumber(portText, 0, 65_535) ?? namedPort(portText, protocol, names);
  return port === undefined ? undefined : { address, port };
}

function namedPort(text: string, protocol: Protocol, names: Names): number | undefined {
  return /^$|^[ \t\n\v\f\r]*[+-]?[0-9]/.test(text) ? undefined : names.port(text, protocol);
}
