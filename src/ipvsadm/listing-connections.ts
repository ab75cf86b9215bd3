import { type Address, parseAddress, readAddress } from '../model/address.ts';
import type { Protocol } from '../model/service.ts';
import { type EndpointNames, formatNamedEndpoint } from './listing-endpoints.ts';

interface ConnectionEnd {
  readonly address: Address;
  readonly port: number;
}

/** A line of /proc/net/ip_vs_conn. */
interface ConnectionEntry {
  /** In the kernel's words: `TCP`, `UDP`, `SCTP`, or `IP` for the template of a mark. */
  readonly protocol: string;
  readonly client: ConnectionEnd;
  readonly virtual: ConnectionEnd;
  readonly destination: ConnectionEnd;
  readonly state: string;
  readonly expiresSeconds: number;
  /**
   * The persistence engine and its data, such as a SIP Call-ID. Clients choose the data, so it can
   * be long, and its control characters are replaced by `?`.
   */
  readonly engine: { readonly name: string; readonly data: string } | undefined;
}

/** Reads the whole file in its order; undefined when a line does not have the kernel's form. */
export function parseConnections(text: string): readonly ConnectionEntry[] | undefined {
  const entries: ConnectionEntry[] = [];
  for (const line of text.split('\n').slice(1)) {
    if (line === '') continue;
    const entry = parseConnection(line);
    if (!entry) return undefined;
    entries.push(entry);
  }
  return entries;
}

function parseConnection(line: string): ConnectionEntry | undefined {
  const words = line.trim().split(/[ \t]+/);
  const [
    protocol = '',
    from = '',
    fromPort = '',
    to = '',
    toPort = '',
    via = '',
    viaPort = '',
    state = '',
    expires = '',
    name,
    ...data
  ] = words;
  const client = parseEnd(from, fromPort);
  const virtual = parseEnd(to, toPort);
  const destination = parseEnd(via, viaPort);
  if (!client || !virtual || !destination || state === '' || !/^\d+$/.test(expires))
    return undefined;
  const engine =
    name === undefined ? undefined : { name, data: data.join(' ').replace(/\p{Cc}/gu, '?') };
  return { protocol, client, virtual, destination, state, expiresSeconds: Number(expires), engine };
}

function parseEnd(addressText: string, portText: string): ConnectionEnd | undefined {
  const address = /^[0-9a-fA-F]{8}$/.test(addressText)
    ? parseHexAddress(addressText)
    : parseAddress(addressText);
  return address && /^[0-9a-fA-F]{1,4}$/.test(portText)
    ? { address, port: Number.parseInt(portText, 16) }
    : undefined;
}

function parseHexAddress(text: string): Address {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Number.parseInt(text, 16));
  return readAddress('ipv4', bytes, 0);
}

/**
 * Formats `ipvsadm -L -c`. With `engineData` (`--persistent-conn`) the title and the rows of
 * connections with such data show it.
 */
export function formatConnections(
  entries: readonly ConnectionEntry[],
  engineData: boolean,
  names: EndpointNames,
): string {
  const titles = ['pro', 'expire', 'state', 'source', 'virtual', 'destination'];
  const title = engineData
    ? row([...titles, 'pe name', 'pe_data'], ENGINE_TITLE_WIDTHS)
    : row(titles, WIDTHS);
  const rows = entries.map((entry) => formatConnection(entry, engineData, names));
  return `IPVS connection entries\n${title}${rows.join('')}`;
}

const WIDTHS = [3, 6, 11, 18, 18, 0];
/** In ipvsadm these titles are not above their columns. */
const ENGINE_TITLE_WIDTHS = [3, 6, 11, 18, 18, 18, 16, 0];
const ENGINE_WIDTHS = [3, 6, 11, 18, 18, 16, 18, 0];

const PROTOCOLS: Readonly<Record<string, Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

function formatConnection(
  entry: ConnectionEntry,
  engineData: boolean,
  names: EndpointNames,
): string {
  const protocol = PROTOCOLS[entry.protocol];
  const ends = [entry.client, entry.virtual, entry.destination].map(({ address, port }) =>
    formatNamedEndpoint(address, port, protocol, names),
  );
  const cells = [entry.protocol, formatExpiry(entry.expiresSeconds), entry.state, ...ends];
  return engineData && entry.engine
    ? row([...cells, entry.engine.name, entry.engine.data], ENGINE_WIDTHS)
    : row(cells, WIDTHS);
}

function formatExpiry(seconds: number): string {
  return `${`${Math.floor(seconds / 60)}`.padStart(2, '0')}:${`${seconds % 60}`.padStart(2, '0')}`;
}

function row(cells: readonly string[], widths: readonly number[]): string {
  return `${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' ')}\n`;
}
