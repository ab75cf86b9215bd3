import { type Address, addressFamily } from '../../model/address.ts';
import type { Destination } from '../../model/destination.ts';
import { formatDuration } from '../../model/duration.ts';
import { formatEndpoint } from '../../model/endpoint.ts';
import type { Unmanageable } from '../../model/ipvs.ts';
import { isTimeout } from '../../model/rules.ts';
import { schedulerFlagNames } from '../../model/scheduler.ts';
import {
  DEFAULT_PERSISTENCE_SECONDS,
  hostNetmask,
  type Service,
  type ServiceKey,
  serviceFamily,
} from '../../model/service.ts';
import type { Daemon, Timeouts } from '../../model/settings.ts';
import {
  type ServiceEntry,
  sortedDestinations,
  sortedServices,
  type Table,
} from '../../model/table.ts';
import type { PersistenceMapping } from '../config.ts';
import { formatNetmask } from './netmask-text.ts';
import { yamlQuoted, yamlText } from './yaml-scalar.ts';

/** What can be written as a configuration: a live table, or what other files ask for. Absent parts are left out. */
export interface Exportable {
  readonly services: Table['services'];
  readonly timeouts?: Partial<Timeouts>;
  readonly daemons?: readonly Daemon[] | undefined;
}

export interface FormatOptions {
  /** What no file can express becomes commented warnings. */
  readonly unmanageable?: readonly Unmanageable[];
  readonly names?: ReadonlyMap<ServiceKey, string>;
  /** Where editors find the schema. */
  readonly schema?: string;
}

export const DEFAULT_SCHEMA_LOCATION = './schemas/config.schema.json';

/** A table as YAML that `parseConfig` reads back as the same table. Sorted; only what differs from the defaults, and the forwarding method. */
export function formatConfig(table: Exportable, options: FormatOptions = {}): string {
  const lines = [
    `# yaml-language-server: $schema=${options.schema ?? DEFAULT_SCHEMA_LOCATION}`,
    'version: 1',
  ];
  for (const { service, destination, reason } of options.unmanageable ?? []) {
    lines.push(
      `# warning: not exported: ${oneLine(destination === undefined ? service : `${service} -> ${destination}`)}: ${oneLine(reason)}`,
    );
  }
  lines.push('', ...timeoutLines(table.timeouts ?? {}), ...daemonLines(table.daemons));
  const entries = sortedServices(table);
  lines.push(entries.length === 0 ? 'services: []' : 'services:');
  for (const entry of entries) pushService(entry, options.names?.get(entry.service.key), lines);
  lines.push('');
  return lines.join('\n');
}

function timeoutLines(timeouts: Partial<Timeouts>): string[] {
  const pairs: string[] = [];
  const lines: string[] = [];
  for (const [name, key] of [
    ['tcp', 'tcp'],
    ['tcpFin', 'tcp_fin'],
    ['udp', 'udp'],
  ] as const) {
    const seconds = timeouts[name];
    if (seconds === undefined) continue;
    if (isTimeout(seconds)) pairs.push(`${key}: ${formatDuration(seconds)}`);
    else lines.push(`# warning: not exported: timeout ${key} of ${seconds} seconds`);
  }
  if (pairs.length > 0) lines.push(`timeouts: { ${pairs.join(', ')} }`, '');
  return lines;
}

function daemonLines(daemons: readonly Daemon[] | undefined): string[] {
  if (daemons === undefined) return [];
  if (daemons.length === 0) return ['sync_daemons: []', ''];
  const lines = daemons.map((daemon) => {
    const pairs = [
      `role: ${daemon.role}`,
      `interface: ${yamlText(daemon.interface)}`,
      `sync_id: ${daemon.syncId}`,
    ];
    if (daemon.maxLength > 0) pairs.push(`max_length: ${daemon.maxLength}`);
    if (daemon.group !== undefined && daemon.group !== '224.0.0.81')
      pairs.push(`group: ${addressText(daemon.group)}`);
    if (daemon.port !== 0 && daemon.port !== 8848) pairs.push(`port: ${daemon.port}`);
    if (daemon.ttl > 1) pairs.push(`ttl: ${daemon.ttl}`);
    return `  - { ${pairs.join(', ')} }`;
  });
  return ['sync_daemons:', ...lines, ''];
}

function pushService(entry: ServiceEntry, name: string | undefined, lines: string[]): void {
  const { service } = entry;
  const { identity } = service;
  const pairs: string[] = [];
  if (name !== undefined) pairs.push(`name: ${yamlText(name)}`);
  if (identity.kind === 'fwmark') {
    pairs.push(`address: fwmark:${identity.fwmark}`);
    if (identity.family === 'ipv6') pairs.push('family: ipv6');
  } else {
    const text = `${identity.protocol}://${formatEndpoint(identity.address, identity.port)}`;
    pairs.push(`address: ${addressFamily(identity.address) === 'ipv6' ? `"${text}"` : text}`);
  }
  pairs.push(`scheduler: ${yamlText(service.scheduler)}`);
  const flags = schedulerFlagNames(service.scheduler, service.schedulerFlags);
  if (flags.length > 0) pairs.push(`scheduler_flags: [${flags.join(', ')}]`);
  if (service.onePacket) pairs.push('one_packet: true');
  const persistence = persistenceOf(service);
  if (persistence !== undefined) pairs.push(`persistence: ${formatPersistence(persistence)}`);
  const destinations = sortedDestinations(entry);
  pairs.push(destinations.length === 0 ? 'destinations: []' : 'destinations:');
  for (const [index, pair] of pairs.entries())
    lines.push(`${index === 0 ? '  - ' : '    '}${pair}`);
  for (const destination of destinations) lines.push(destinationLine(destination));
}

function formatPersistence(persistence: PersistenceMapping): string {
  const { timeout, netmask, engine, enabled } = persistence;
  const time = timeout === undefined ? undefined : formatDuration(Number(timeout));
  if (netmask === undefined && engine === undefined && enabled === undefined) return time ?? '{}';
  const pairs: string[] = [];
  if (enabled !== undefined) pairs.push(`enabled: ${enabled}`);
  if (time !== undefined) pairs.push(`timeout: ${time}`);
  if (netmask !== undefined)
    pairs.push(`netmask: ${typeof netmask === 'number' ? netmask : yamlQuoted(netmask)}`);
  if (engine !== undefined) pairs.push(`engine: ${yamlText(engine)}`);
  return `{ ${pairs.join(', ')} }`;
}

function destinationLine(destination: Destination): string {
  let line = `      - { address: "${formatEndpoint(destination.address, destination.port)}", forward: ${destination.forward}`;
  if (destination.weight !== 1) line += `, weight: ${destination.weight}`;
  if (destination.upperThreshold !== 0) line += `, upper_threshold: ${destination.upperThreshold}`;
  if (destination.lowerThreshold !== 0) line += `, lower_threshold: ${destination.lowerThreshold}`;
  if (destination.forward === 'tunnel' && destination.tunnelType !== 'ipip') {
    const port = destination.tunnelPort === 0 ? '' : `, port: ${destination.tunnelPort}`;
    const checksum =
      destination.tunnelChecksum === 'none' ? '' : `, checksum: ${destination.tunnelChecksum}`;
    line += `, tunnel: { type: ${destination.tunnelType}${port}${checksum} }`;
  }
  return `${line} }`;
}

/** undefined when there is nothing to write. Shared with the JSON form. */
export function persistenceOf(service: Service): PersistenceMapping | undefined {
  const family = serviceFamily(service.identity);
  const netmask =
    service.persistenceNetmask === hostNetmask(family)
      ? undefined
      : formatNetmask(service.persistenceNetmask, family);
  const rest = {
    ...(netmask === undefined ? {} : { netmask }),
    ...(service.persistenceEngine === '' ? {} : { engine: service.persistenceEngine }),
  };
  if (service.persistent)
    return { timeout: service.persistenceTimeoutSeconds || DEFAULT_PERSISTENCE_SECONDS, ...rest };
  return Object.keys(rest).length === 0 ? undefined : { enabled: false, ...rest };
}

function addressText(address: Address): string {
  return addressFamily(address) === 'ipv6' ? yamlQuoted(address) : address;
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
