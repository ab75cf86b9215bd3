import { type Address, addressFamily } from '../model/address.ts';
import { formatEndpoint } from '../model/endpoint.ts';
import type { Protocol, ServiceIdentity } from '../model/service.ts';

/** Names to print in place of numbers; undefined when a number has no name. */
export interface EndpointNames {
  host(address: Address): string | undefined;
  port(port: number, protocol: Protocol): string | undefined;
}

/** No names: the option `-n`. */
export const NUMBERS: EndpointNames = { host: () => undefined, port: () => undefined };

/** The size of ipvsadm's buffer for the text of an endpoint. */
const MAX_LENGTH = 59;

/**
 * Formats `vip.example.test:http` or `[v6vip.example.test]:http`. A port without a protocol has no
 * name.
 */
export function formatNamedEndpoint(
  address: Address,
  port: number,
  protocol: Protocol | undefined,
  names: EndpointNames,
): string {
  const host = names.host(address);
  const portText = (protocol && names.port(port, protocol)) ?? `${port}`;
  if (host === undefined && portText === `${port}`) return formatEndpoint(address, port);
  const hostText = addressFamily(address) === 'ipv6' ? `[${host ?? address}]` : (host ?? address);
  return `${hostText}:${portText}`.slice(0, MAX_LENGTH);
}

const PROTOCOL_COLUMN: Readonly<Record<Protocol, string>> = {
  tcp: 'TCP ',
  udp: 'UDP ',
  sctp: 'SCTP',
};

/**
 * The first column of a service: `TCP  10.0.0.1:80`, cut to 33 characters for IPv4, or
 * `FWM  7 IPv6`. Marks are unsigned.
 */
export function formatListedService(identity: ServiceIdentity, names: EndpointNames): string {
  if (identity.kind === 'fwmark')
    return `FWM  ${identity.fwmark}${identity.family === 'ipv6' ? ' IPv6' : ''}`;
  const { protocol, address, port } = identity;
  const endpoint = formatNamedEndpoint(address, port, protocol, names);
  const text = `${PROTOCOL_COLUMN[protocol]} ${endpoint}`;
  return addressFamily(address) === 'ipv4' ? text.slice(0, 33) : text;
}

/** The first column of a server, with an arrow: 33 characters, or more for a long IPv6 address. */
export function formatListedServer(
  address: Address,
  port: number,
  service: ServiceIdentity,
  names: EndpointNames,
): string {
  const text = formatNamedEndpoint(
    address,
    port,
    service.kind === 'address' ? service.protocol : undefined,
    names,
  );
  return `  -> ${(addressFamily(address) === 'ipv4' ? text.slice(0, 28) : text).padEnd(28)}`;
}
