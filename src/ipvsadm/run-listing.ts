import type { Command } from '../formats/ipvsadm/grammar/parsed-command.ts';
import type { Ipvs, IpvsInfo, Unmanageable } from '../model/ipvs.ts';
import { serviceKey } from '../model/service.ts';
import { formatListing, formatServiceListing, type ListingOptions } from './listing.ts';
import { formatConnections, parseConnections } from './listing-connections.ts';
import { type EndpointNames, NUMBERS } from './listing-endpoints.ts';
import { kernelMessage } from './messages.ts';
import type { ProgramIo } from './program-io.ts';
import { withEndpointNames } from './resolve.ts';

type List = Extract<Command, { readonly kind: 'list' }>;
type ListConnections = Extract<Command, { readonly kind: 'list-connections' }>;

export async function listServices(
  command: List,
  ipvs: Ipvs,
  info: IpvsInfo,
  io: ProgramIo,
): Promise<number> {
  const { format, service, exact, sorted, numeric } = command;
  const key = service && serviceKey(service);
  const stats = format === 'stats' || format === 'rate';
  const snapshot = await ipvs.read({ stats, ...(key !== undefined && { services: [key] }) });
  const options = (names: EndpointNames): ListingOptions => ({ format, names, exact, sorted });
  if (key === undefined) {
    await print((names) => formatListing(info, snapshot, options(names)), numeric, io);
    printUnmanageable(snapshot.unmanageable, io.stderr);
    return 0;
  }
  const entry = snapshot.table.services.get(key);
  printUnmanageable(
    snapshot.unmanageable.filter((each) => each.service === key),
    io.stderr,
  );
  if (!entry) {
    if (
      snapshot.unmanageable.some((each) => each.service === key && each.destination === undefined)
    )
      return 1;
    io.stderr(`${kernelMessage('list', 'ESRCH')}\n`);
    return 1;
  }
  await print((names) => formatServiceListing(entry, snapshot, options(names)), numeric, io);
  return 0;
}

/**
 * Warns of entries that other programs made and that ipvsadm has no options for. Without a warning
 * they would seem not to exist.
 */
export function printUnmanageable(
  unmanageable: readonly Unmanageable[],
  stderr: (text: string) => void,
): void {
  for (const { service, destination, reason } of unmanageable) {
    const name = destination === undefined ? service : `${destination} of ${service}`;
    stderr(`Warning: ${name} is left out: ${reason}\n`);
  }
}

export async function listConnections(
  { numeric, engineData }: ListConnections,
  io: ProgramIo,
): Promise<number> {
  const { readConnections, stderr } = io;
  const text = await readConnections();
  if (text === undefined) {
    stderr('cannot open file /proc/net/ip_vs_conn\n');
    return 1;
  }
  const entries = parseConnections(text);
  if (!entries) {
    stderr('unexpected input from /proc/net/ip_vs_conn\n');
    return 1;
  }
  await print((names) => formatConnections(entries, engineData, names), numeric, io);
  return 0;
}

async function print(
  format: (names: EndpointNames) => string,
  numeric: boolean,
  { resolver, stdout }: ProgramIo,
): Promise<void> {
  stdout(numeric ? format(NUMBERS) : await withEndpointNames(format, resolver));
}
