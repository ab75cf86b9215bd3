import { formatNetmask, netmaskArguments } from '../formats/ipvsadm/arguments.ts';
import type { ListingFormat } from '../formats/ipvsadm/grammar/parsed-command.ts';
import type { IpvsInfo, ServiceCounters, Snapshot } from '../model/ipvs.ts';
import { schedulerFlagNames } from '../model/scheduler.ts';
import type { Service } from '../model/service.ts';
import type { Daemon, Timeouts } from '../model/settings.ts';
import { type ServiceEntry, sortedDestinations, sortedServices } from '../model/table.ts';
import { formatRates, formatServerColumns, formatTotals, TITLES } from './listing-columns.ts';
import {
  type EndpointNames,
  formatListedServer,
  formatListedService,
} from './listing-endpoints.ts';

export interface ListingOptions {
  readonly format: ListingFormat;
  readonly names: EndpointNames;
  /** Print all digits of the counters. */
  readonly exact: boolean;
  /** false: keep the order of the snapshot. */
  readonly sorted: boolean;
}

/**
 * The table as `ipvsadm -L` prints it, with three differences: marks are unsigned, addresses sort
 * by value, and every scheduler flag has a name.
 */
export function formatListing(info: IpvsInfo, snapshot: Snapshot, options: ListingOptions): string {
  const entries = options.sorted
    ? sortedServices(snapshot.table)
    : [...snapshot.table.services.values()];
  const rows = entries.map((entry) => formatEntry(entry, snapshot, options));
  const { version, connectionTableSize } = info;
  const head = `IP Virtual Server version ${version} (size=${connectionTableSize})\n`;
  return `${head}${TITLES[options.format]}${rows.join('')}`;
}

/** One service, as `ipvsadm -L -t ...` prints it. */
export function formatServiceListing(
  entry: ServiceEntry,
  snapshot: Snapshot,
  options: ListingOptions,
): string {
  return `${TITLES[options.format]}${formatEntry(entry, snapshot, options)}`;
}

function formatEntry(entry: ServiceEntry, { counters }: Snapshot, options: ListingOptions): string {
  const { service } = entry;
  const counted = counters.get(service.key);
  const destinations = options.sorted
    ? sortedDestinations(entry)
    : [...entry.destinations.values()];
  const rows = destinations.map((destination) => {
    const first = formatListedServer(
      destination.address,
      destination.port,
      service.identity,
      options.names,
    );
    return `${first}${formatServerColumns(destination, counted, options.format, options.exact)}\n`;
  });
  return `${formatServiceRow(service, counted, options)}\n${rows.join('')}`;
}

function formatServiceRow(
  service: Service,
  counted: ServiceCounters | undefined,
  { format, names, exact }: ListingOptions,
): string {
  const text = formatListedService(service.identity, names);
  switch (format) {
    case 'stats':
      return `${text.padEnd(33)}${formatTotals(counted?.stats, exact)}`;
    case 'rate':
      return `${text.padEnd(33)}${formatRates(counted?.stats, exact)}`;
    default:
      return `${text} ${formatServiceFlags(service)}`;
  }
}

function formatServiceFlags(service: Service): string {
  const words = [service.scheduler];
  const flags = schedulerFlagNames(service.scheduler, service.schedulerFlags);
  if (flags.length > 0) words.push(`(${flags.join(',')})`);
  if (service.persistent) {
    words.push('persistent', `${service.persistenceTimeoutSeconds}`);
    if (netmaskArguments(service).length > 0) words.push('mask', formatNetmask(service));
    if (service.persistenceEngine !== '') words.push('pe', service.persistenceEngine);
  }
  if (service.onePacket) words.push('ops');
  return words.join(' ');
}

/** The output of `ipvsadm -L --timeout`. */
export function formatTimeoutListing(timeouts: Timeouts): string {
  return `Timeout (tcp tcpfin udp): ${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp}\n`;
}

/** The output of `ipvsadm -L --daemon`: a line for each running daemon. */
export function formatDaemonListing(daemons: readonly Daemon[]): string {
  return daemons.map(formatDaemon).join('');
}

function formatDaemon(daemon: Daemon): string {
  const words = [`mcast=${daemon.interface}`, `syncid=${daemon.syncId}`];
  if (daemon.maxLength !== 0) words.push(`maxlen=${daemon.maxLength}`);
  if (daemon.group !== undefined) words.push(`group=${daemon.group}`);
  if (daemon.port !== 0) words.push(`port=${daemon.port}`);
  if (daemon.ttl !== 0) words.push(`ttl=${daemon.ttl}`);
  return `${daemon.role} sync daemon (${words.join(', ')})\n`;
}
