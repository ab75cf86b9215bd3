import { type Address, addressFamily, parseAddress } from './address.ts';

/** `10.0.0.1:80` or `[2001:db8::1]:80`. */
export function formatEndpoint(address: Address, port: number): string {
  return addressFamily(address) === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

export interface Endpoint {
  readonly address: Address;
  /** 0..65535; undefined when the text has none. */
  readonly port: number | undefined;
}

/** Reads `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`; undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  if (text.startsWith('[')) {
    const [bracketed, host = '', port] = /^\[([^\]]*)\](?::(.*))?$/s.exec(text) ?? [];
    return bracketed === undefined ? undefined : endpoint(host, port, 'ipv6');
  }
  const colon = text.indexOf(':');
  if (colon === -1 || colon !== text.lastIndexOf(':')) return endpoint(text, undefined, undefined);
  return endpoint(text.slice(0, colon), text.slice(colon + 1), 'ipv4');
}

/** A decimal port without sign, blanks or leading zeros. */
export function parsePort(text: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65535 ? port : undefined;
}

function endpoint(host: string, portText: string | undefined, family: 'ipv4' | 'ipv6' | undefined): Endpoint | undefined {
  const address = parseAddress(host);
  if (!address || (family && addressFamily(address) !== family)) return undefined;
  if (portText === undefined) return { address, port: undefined };
  const port = parsePort(portText);
  return port === undefined ? undefined : { address, port };
}
