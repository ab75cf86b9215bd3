import { parseAddress } from '../../model/address.ts';
import { type Endpoint, parseEndpoint, parsePort } from '../../model/endpoint.ts';

/** Explains to the author of a text why `parseEndpoint` refused it. */
function explainEndpoint(text: string): { readonly message: string; readonly hint: string } {
  const quoted = JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
  const message = `${quoted} is not an IP address with or without a port`;
  if (text.includes('%'))
    return { message: `${quoted} has a zone`, hint: 'write the address without %' };
  if (/\s/.test(text)) return { message, hint: 'remove the blanks' };
  if (/^\[.*\]\d/.test(text)) return { message, hint: 'write a ":" between "]" and the port' };
  if (/^(?:\[?[0-9]*\.[0-9.]*\]?(?::[^:]*)?|[0-9]+)$/.test(text)) return explainIPv4(text, message);
  if (text.includes('://'))
    return { message, hint: 'leave the protocol out: it is that of the service' };
  if (text.includes('/')) return { message, hint: 'write one address, without a prefix length' };
  const port = /:([^:\]]*)$/.exec(text)?.[1];
  if (
    /^\[[0-9a-fA-F:.]*\]/.test(text) &&
    port !== undefined &&
    parseAddress(text.slice(1, text.indexOf(']'))) !== undefined
  )
    return badPort(message);
  if (/^[0-9a-fA-F:.[\]]+$/.test(text) && text.includes(':'))
    return { message, hint: 'write IPv6 as 2001:db8::1, and as [2001:db8::1]:80 with a port' };
  return { message, hint: 'names are not resolved: write the address' };
}

function explainIPv4(
  text: string,
  message: string,
): { readonly message: string; readonly hint: string } {
  if (text.startsWith('[')) return { message, hint: 'brackets are for IPv6' };
  const [host = '', port] = text.split(':');
  const parts = host.split('.');
  const plain = parts.map((part) => String(Number(part))).join('.');
  if (
    parts.some((part) => /^0\d/.test(part)) &&
    parts.length === 4 &&
    parseAddress(plain) !== undefined
  ) {
    return { message, hint: `write ${plain}: a leading zero means octal to some programs` };
  }
  if (parts.length !== 4) return { message, hint: 'write all four numbers of an IPv4 address' };
  if (parts.some((part) => Number(part) > 255))
    return { message, hint: 'a number of an IPv4 address is at most 255' };
  if (port !== undefined && parsePort(port) === undefined) return badPort(message);
  return { message, hint: 'write it as 192.0.2.1 or 192.0.2.1:80' };
}

function badPort(message: string): { readonly message: string; readonly hint: string } {
  return { message, hint: 'a port is a number from 0 to 65535, without leading zeros' };
}

/**
 * Reads an address with or without a port. Refuses a text that another program would read as
 * another address.
 */
export function readEndpoint(
  text: string,
): Endpoint | { readonly message: string; readonly hint: string } {
  return parseEndpoint(text) ?? explainEndpoint(text);
}
