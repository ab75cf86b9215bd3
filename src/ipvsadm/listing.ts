import { formatNetmask, netmaskArguments } from '../formats/ipvsadm/arguments.ts';
import { type ListingFormat, TITLES } from '../formats/ipvsadm/grammar/listing-format.ts';
import type { Destination } from '../model/destination.ts';
import {
  type IpvsInfo,
  NO_CONNECTIONS,
  type ServiceCounters,
  type Snapshot,
  type Stats,
} from '../model/ipvs.ts';
import { schedulerFlagNames } from '../model/scheduler.ts';
import type { Service } from '../model/service.ts';
import { type ServiceEntry, sortedDestinations, sortedServices } from '../model/table.ts';
import {
  type EndpointNames,
  formatListedServer,
  formatListedService,
} from './listing-endpoints.ts';
import { formatCounter } from './listing-numbers.ts';

export interface ListingOptions {
  readonly format: ListingFormat;
  readonly names: EndpointNames;
  /** All digits of the counters. */
  readonly exact: boolean;
  /** false: in the order of the snapshot. */
  readonly sorted: boolean;
}

/** The table as `ipvsadm -L` prints it, but with marks unsigned, sorted by value, and every scheduler flag named. */
export function formatListing(info: IpvsInfo, snapshot: Snapshot, options: ListingOptions): string {
  const entries = options.sorted
    ? sortedServices(snapshot.table)
    : [...snapshot.table.services.values()];
  const rows = entries.map((entry) => formatEntry(entry, snapshot, options));
  return `IP Virtual Server version ${info.version} (size=${info.connectionTableSize})\n${TITLES[options.format]}${rows.join('')}`;
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
    return `${first}${formatServerColumns(destination, counted, options)}\n`;
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
      return (
        text.padEnd(33) +
        totals(counted?.stats)
          .map((value) => formatCounter(value, exact))
          .join('')
      );
    case 'rate':
      return (
        text.padEnd(33) +
        rates(counted?.stats)
          .map((value) => formatCounter(value, exact))
          .join('')
      );
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

const FORWARD_NAMES = { masq: 'Masq', tunnel: 'Tunnel', route: 'Route' } as const;

function formatServerColumns(
  destination: Destination,
  counted: ServiceCounters | undefined,
  { format, exact }: ListingOptions,
): string {
  const counters = counted?.destinations.get(destination.key);
  const { active, inactive, persistent } = counters ?? NO_CONNECTIONS;
  const { weight, upperThreshold, lowerThreshold } = destination;
  const forward = FORWARD_NAMES[destination.forward];
  switch (format) {
    case 'plain':
      return columns([forward, 7], [weight, 6], [active, 10], [inactive, 10]);
    case 'tun-info':
      return columns(
        [forward, 7],
        [formatTunnel(destination), 13],
        [weight, 6],
        [active, 10],
        [inactive, 10],
      );
    case 'thresholds':
      return columns([upperThreshold, 10], [lowerThreshold, 10], [active, 10], [inactive, 10]);
    case 'persistent-conn':
      return columns([weight, 9], [persistent, 11], [active, 10], [inactive, 10]);
    case 'stats':
      return totals(counters?.stats)
        .map((value) => formatCounter(value, exact))
        .join('');
    case 'rate':
      // ipvsadm never shortens the first three of a server.
      return rates(counters?.stats)
        .map((value, index) => formatCounter(value, exact || index < 3))
        .join('');
    default:
      return format satisfies never;
  }
}

function columns(...cells: readonly (readonly [string | number, number])[]): string {
  return cells.map(([value, width]) => ` ${`${value}`.padEnd(width)}`).join('');
}

const CHECKSUM_NAMES = { none: '-c', csum: '+c', remcsum: 'r+c' } as const;

function formatTunnel({ forward, tunnelType, tunnelPort, tunnelChecksum }: Destination): string {
  if (forward !== 'tunnel') return 'n/a';
  if (tunnelType === 'ipip') return tunnelType;
  const port = tunnelType === 'gue' ? `:${tunnelPort}` : '';
  return `${tunnelType}${port}:${CHECKSUM_NAMES[tunnelChecksum]}`;
}

function totals(stats: Stats | undefined): readonly bigint[] {
  if (!stats) return [0n, 0n, 0n, 0n, 0n];
  return [stats.connections, stats.inPackets, stats.outPackets, stats.inBytes, stats.outBytes];
}

function rates(stats: Stats | undefined): readonly bigint[] {
  if (!stats) return [0n, 0n, 0n, 0n, 0n];
  return [
    stats.connectionRate,
    stats.inPacketRate,
    stats.outPacketRate,
    stats.inByteRate,
    stats.outByteRate,
  ];
}
