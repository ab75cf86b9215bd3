import { isIP, isIPv4 } from 'node:net';
import { IpvstateError } from '../../errors.ts';
import { parseEndpoint } from '../../model/endpoint.ts';

/** The address of the HTTP server. */
export type ListenAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

const FORMS =
  'Write 127.0.0.1:9798, [::1]:9798, :9798 (loopback), or the path of a Unix socket such as ' +
  '/run/ipvstate/http.sock.';

/**
 * Parses `--listen`. Throws `USAGE`, also for all addresses of the machine unless `allowsAny`: the
 * pages name every server.
 */
export function parseListenAddress(text: string, allowsAny: boolean): ListenAddress {
  const path = text.startsWith('unix:') ? text.slice('unix:'.length) : text;
  if (path.startsWith('/')) return { path };
  const endpoint = parseEndpoint(text.startsWith(':') ? `127.0.0.1${text}` : text);
  if (endpoint?.port === undefined)
    throw new IpvstateError('USAGE', `--listen ${text} is no address with a port`, { hint: FORMS });
  const host: string = endpoint.address;
  if (isWildcard(host) && !allowsAny) {
    throw new IpvstateError('USAGE', `--listen ${text} would serve every network of this machine`, {
      hint: 'Name one address of it, or add --listen-any if every network may read the pages.',
    });
  }
  return { host, port: endpoint.port };
}

function isWildcard(host: string): boolean {
  return isIP(host) !== 0 && (isIPv4(host) ? host === '0.0.0.0' : host === '::');
}

export function formatListenAddress(address: ListenAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  return address.host.includes(':')
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}
