import type { ChecksMapping, HttpCheckMapping } from '../../config/config.ts';
import { readHealth } from '../../config/normalize/health.ts';
import { type Address, addressFamily, parseAddress } from '../../model/address.ts';
import { formatDuration } from '../../model/duration.ts';
import { literalText } from '../literal-text.ts';
import { wellKnownPort } from '../port-names.ts';
import { COMMAND_DIFFERENCE } from '../service-health.ts';
import type { Called, Server } from './calls.ts';
import type { Globals } from './lines.ts';
import { SERVICE_PORTS, unquoted } from './values.ts';

/** How ldirectord checks one server. */
export type ServerCheck =
  /** The server is always up. */
  | { readonly kind: 'none' }
  /** A check without a counterpart. `name` is a noun for it. */
  | { readonly kind: 'left-out'; readonly name: string }
  | {
      readonly kind: 'check';
      readonly mapping: ChecksMapping;
      /** The settings of the virtual service that say how it is checked. */
      readonly uses: readonly string[];
      readonly differences: readonly Difference[];
    };

/** A part of a check that health does in another way. */
export interface Difference {
  readonly message: string;
  readonly hint: string;
  /** The setting that it is about. undefined: the virtual service. */
  readonly key?: string;
}

type What = Pick<ChecksMapping, 'tcp' | 'http' | 'dns' | 'command'>;

/** The check of one server while it is read. */
interface Reading {
  readonly called: Called;
  readonly server: Server;
  readonly problems: string[];
  readonly differences: Difference[];
}

const USED: Readonly<Record<string, readonly string[]>> = {
  connect: [],
  http: ['service', 'request', 'receive', 'virtualhost', 'httpmethod'],
  https: ['service', 'request', 'receive', 'virtualhost', 'httpmethod'],
  dns: ['service', 'request', 'receive'],
  external: ['checkcommand'],
};

const DEFAULT_SECONDS = { checkinterval: 10, checktimeout: 5, negotiatetimeout: 30 } as const;

/** The limit of the schema. */
const MOST_FAILURES = 100;

/** Reads how a server is checked. */
export function readCheck(called: Called, server: Server, globals: Globals): ServerCheck {
  const { settings } = called.virtual;
  const type = settings.get('checktype')?.value.text ?? 'negotiate';
  const service = settings.get('service')?.value.text ?? usualService(called);
  if (type === 'on' || type === 'off' || (type === 'negotiate' && service === 'none'))
    return { kind: 'none' };
  const isUdp = called.identity.kind === 'address' && called.identity.protocol === 'udp';
  const isCombined = Number(type) > 0;
  const isNegotiated = type === 'negotiate' || /^\d+$/.test(type);
  const asked = isNegotiated ? service : type === 'connect' && isUdp ? 'ping' : type;
  const shown = isNegotiated
    ? `${isCombined ? 'connect and negotiate' : 'negotiate'}, ${service}`
    : asked;
  const leftOut = (reason = ''): ServerCheck => ({
    kind: 'left-out',
    name: `health check (${shown})${reason}`,
  });
  const uses = USED[asked];
  if (!uses) return leftOut();
  const reading: Reading = { called, server, problems: [], differences: [] };
  if (isCombined)
    reading.differences.push({
      message: 'health asks each time, ldirectord only connects most times',
      hint: 'a longer interval asks less often',
      key: 'checktype',
    });
  const what = readWhat(asked, reading);
  const port = portOf(called, server, service);
  if (port === 0 && !what.command) return leftOut(' of a server without a port');
  const mapping: ChecksMapping = {
    ...what,
    ...(port !== server.destination.port && { port }),
    ...timing(called, globals, isNegotiated),
  };
  if ((mapping.fall ?? 1) > MOST_FAILURES)
    reading.problems.push(`a failurecount of more than ${MOST_FAILURES}`);
  if (reading.problems.length === 0)
    readHealth(mapping, [], ({ message }) => reading.problems.push(`a value: ${message}`));
  const [problem] = reading.problems;
  if (problem !== undefined) return leftOut(` with ${problem}`);
  return { kind: 'check', mapping, uses: [...uses, 'checkport'], differences: reading.differences };
}

/** The service that a port usually has. A server of another one is not asked. */
function usualService({ identity }: Called): string {
  if (identity.kind !== 'address') return 'none';
  const known = Object.entries(SERVICE_PORTS).find(([, port]) => port === identity.port);
  return known?.[0] ?? 'none';
}

/** The port that is checked, or 0 when nothing says it. */
function portOf({ virtual }: Called, { real, destination }: Server, service: string): number {
  const written = virtual.settings.get('checkport')?.value.text ?? real.port;
  const number = Number(written);
  if (number > 0) return number;
  const named = Number.isNaN(number) ? wellKnownPort(written ?? '') : undefined;
  return named ?? (destination.port || (SERVICE_PORTS[service] ?? 0));
}

function timing({ virtual }: Called, globals: Globals, isNegotiated: boolean): ChecksMapping {
  const own = virtual.settings;
  const find = (keys: readonly string[], places: readonly Globals[]): number | undefined => {
    const found = places.flatMap((place) => keys.flatMap((key) => place.get(key) ?? []))[0];
    return found && Number(found.value.text);
  };
  // Each of the two time limits stands for the other one where that is missing.
  const limits = ['checktimeout', 'negotiatetimeout'] as const;
  const [limit, other] = isNegotiated ? limits.toReversed() : limits;
  const timeout = find([limit ?? '', other ?? ''], [own, globals]);
  const quiescent = own.get('quiescent') ?? globals.get('quiescent');
  const interval = find(['checkinterval'], forks(globals) ? [own, globals] : [globals]);
  return {
    interval: formatDuration(interval ?? DEFAULT_SECONDS.checkinterval),
    timeout: formatDuration(timeout ?? DEFAULT_SECONDS[limit ?? 'checktimeout']),
    rise: 1,
    fall: find(['failurecount'], [own, globals]) ?? 1,
    ...(quiescent?.value.text !== 'yes' && { on_failure: 'remove' as const }),
  };
}

/** Tells whether ldirectord has a process for each virtual service, with an interval of its own. */
export function forks(globals: Globals): boolean {
  return globals.get('fork')?.value.text === 'yes';
}

function readWhat(asked: string, reading: Reading): What {
  if (asked === 'connect') return { tcp: {} };
  if (asked === 'external') return readExternal(reading);
  return asked === 'dns' ? readDns(reading) : readHttp(asked === 'https', reading);
}

/** The request and the text that its answer must contain: the server's own, or the service's. */
function requestOf({ called, server }: Reading): { request: string; receive: string } {
  const textOf = (key: string): string => {
    const statement = called.virtual.settings.get(key);
    return statement ? unquoted(statement.value) : '';
  };
  return server.real.own ?? { request: textOf('request'), receive: textOf('receive') };
}

function readHttp(isTls: boolean, reading: Reading): What {
  const { called, server, problems, differences } = reading;
  const { request, receive } = requestOf(reading);
  const { settings } = called.virtual;
  const isHead = settings.get('httpmethod')?.value.text.toUpperCase() === 'HEAD';
  const virtualHost = settings.get('virtualhost');
  const host = virtualHost && unquoted(virtualHost.value);
  const body = receive === '' ? undefined : literalText(receive);
  const path = (request.startsWith('/') ? request : `/${request}`).replace(
    /[ "<>\\^`{|}]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (server.real.own && /^\/?https?:\/\//.test(request))
    problems.push('a request that names another server');
  if (receive !== '' && body === undefined) problems.push('a regular expression');
  if (isHead && receive !== '') problems.push('HEAD, whose answer has no text');
  else if (isHead)
    differences.push({
      message: 'health asks by GET, ldirectord by HEAD',
      hint: 'choose a short document',
      key: 'httpmethod',
    });
  differences.push({
    message: 'health takes a redirect for a good answer, ldirectord follows it',
    hint: 'write status: "200-299" when a redirect is a failure',
    key: 'request',
  });
  if (isTls && host !== undefined && parseAddress(host) === undefined)
    differences.push({
      message: 'health names the host in the TLS handshake, ldirectord does not',
      hint: 'try it: `ipvstate health --once`',
      key: 'virtualhost',
    });
  const http: HttpCheckMapping = {
    ...(path !== '/' && { path }),
    ...(host !== undefined && { host }),
    ...(body !== undefined && { body }),
    ...(isTls && { tls: true }),
  };
  return { http };
}

function readDns(reading: Reading): What {
  const { called, problems, differences } = reading;
  const { request, receive } = requestOf(reading);
  const name = request.replace(/^\//, '');
  const address = parseAddress(name);
  const { identity } = called;
  if (identity.kind === 'address' && identity.protocol === 'tcp') problems.push('a query by TCP');
  if (receive === '') problems.push('no receive, which no answer satisfies');
  if (!name.includes('.') && address === undefined)
    problems.push('a name that resolv.conf completes');
  if (address?.includes(':')) problems.push('a query for the name of an IPv6 address');
  differences.push({
    message: 'health takes any answer without an error, ldirectord compares it with receive',
    hint: 'ask for a name that only a healthy server knows',
    key: 'receive',
  });
  if (address === undefined) return { dns: { name } };
  const reversed = address.split('.').toReversed().join('.');
  return { dns: { name: `${reversed}.in-addr.arpa`, type: 'PTR' } };
}

/** Reads a program, which gets the addresses and ports of the service and of the server. */
function readExternal({ called, server, problems, differences }: Reading): What {
  const written = called.virtual.settings.get('checkcommand');
  const program = written ? unquoted(written.value) : '/bin/true';
  if (!program.startsWith('/')) problems.push('a program without its path');
  const bracketed = (address: Address): string =>
    addressFamily(address) === 'ipv6' ? `[${address}]` : address;
  const { identity } = called;
  const service =
    identity.kind === 'address'
      ? [bracketed(identity.address), `${identity.port}`]
      : [`${identity.fwmark}`, '0'];
  const { address, port } = server.destination;
  differences.push({ ...COMMAND_DIFFERENCE, key: 'checktype' });
  return { command: { argv: [program, ...service, bracketed(address), `${port}`] } };
}
