import { addressFamily, type Family } from '../../model/address.ts';
import { type WrittenField, writtenFields } from '../../model/attributes.ts';
import { DESTINATION_ATTRIBUTES, type Destination } from '../../model/destination.ts';
import type { DrainPolicy } from '../../model/drain.ts';
import { formatDuration } from '../../model/duration.ts';
import { formatEndpoint } from '../../model/endpoint.ts';
import type { Unmanageable } from '../../model/ipvs.ts';
import { printable } from '../../model/printable.ts';
import {
  DEFAULT_PERSISTENCE_SECONDS,
  hostNetmask,
  SERVICE_ATTRIBUTES,
  type Service,
  type ServiceKey,
  serviceFamily,
} from '../../model/service.ts';
import {
  DAEMON_ATTRIBUTES,
  type Daemon,
  TIMEOUT_ATTRIBUTES,
  type Timeouts,
} from '../../model/settings.ts';
import {
  type ServiceEntry,
  sortedDestinations,
  sortedServices,
  type Table,
} from '../../model/table.ts';
import type { PersistenceMapping } from '../config.ts';
import { writableSettings } from './settings.ts';
import { yamlQuoted, yamlScalar, yamlText } from './yaml-scalar.ts';

/**
 * A table that can be written as a configuration: a live one, or the desired state of other files.
 * Absent parts are left out.
 */
export interface Exportable {
  readonly services: Table['services'];
  readonly timeouts?: Partial<Timeouts>;
  readonly daemons?: readonly Daemon[] | undefined;
}

export interface FormatOptions {
  /** Entries of the table that no file can express. Each becomes a comment with a warning. */
  readonly unmanageable?: readonly Unmanageable[];
  readonly names?: ReadonlyMap<ServiceKey, string>;
  /** How services drain. Only JSON has them: for a saved plan. */
  readonly drainPolicies?: ReadonlyMap<ServiceKey, DrainPolicy>;
  /** The address of the schema for editors. Without it, the file names no schema. */
  readonly schema?: string;
}

/**
 * Formats a table as YAML that `parseConfig` reads back as the same table. Entries are sorted.
 * Settings with default values are left out, except the forwarding method.
 */
export function formatConfig(table: Exportable, options: FormatOptions = {}): string {
  const lines = [
    ...(options.schema === undefined ? [] : [`# yaml-language-server: $schema=${options.schema}`]),
    'version: 1',
  ];
  for (const { service, destination, reason } of options.unmanageable ?? []) {
    const entry = destination === undefined ? service : `${service} -> ${destination}`;
    lines.push(`# warning: not exported: ${printable(entry)}: ${printable(reason)}`);
  }
  const { timeouts, daemons, leftOut } = writableSettings(table);
  for (const setting of leftOut) lines.push(`# warning: not exported: ${printable(setting)}`);
  lines.push('', ...timeoutLines(timeouts), ...daemonLines(daemons));
  const entries = sortedServices(table);
  lines.push(entries.length === 0 ? 'services: []' : 'services:');
  for (const entry of entries) pushService(entry, options.names?.get(entry.service.key), lines);
  lines.push('');
  return lines.join('\n');
}

function timeoutLines(timeouts: Partial<Timeouts>): string[] {
  const pairs = TIMEOUT_ATTRIBUTES.flatMap(({ key, name }) => {
    const seconds = timeouts[key];
    return seconds === undefined ? [] : [`${name}: ${formatDuration(seconds)}`];
  });
  return pairs.length === 0 ? [] : [`timeouts: { ${pairs.join(', ')} }`, ''];
}

function daemonLines(daemons: readonly Daemon[] | undefined): string[] {
  if (daemons === undefined) return [];
  if (daemons.length === 0) return ['sync_daemons: []', ''];
  const lines = daemons.map((daemon) => {
    const fields = writtenFields(DAEMON_ATTRIBUTES, daemon, 'yaml');
    return `  - { role: ${daemon.role}${flowPairs(fields)} }`;
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
  for (const { key, value } of plainServiceFields(service, 'yaml'))
    pairs.push(`${key}: ${yamlScalar(value)}`);
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
  const address = formatEndpoint(destination.address, destination.port);
  const fields = writtenFields(DESTINATION_ATTRIBUTES, destination, 'yaml');
  return `      - { address: "${address}"${flowPairs(fields)} }`;
}

/**
 * Formats fields for the rest of a flow mapping, each after a comma. The fields of a block follow
 * each other.
 */
function flowPairs(fields: readonly WrittenField[]): string {
  let text = '';
  let open = '';
  for (const { block, key, value } of fields) {
    if (open !== '' && block !== open) text += ' }';
    text += block !== '' && block !== open ? `, ${block}: { ` : ', ';
    text += `${key}: ${yamlScalar(value)}`;
    open = block;
  }
  return open === '' ? text : `${text} }`;
}

/** The settings of a service other than its persistence. The JSON form uses them too. */
export function plainServiceFields(service: Service, format: 'yaml' | 'json'): WrittenField[] {
  return writtenFields(SERVICE_ATTRIBUTES, service, format).filter(({ block }) => block === '');
}

/** Returns undefined for a service with default persistence. The JSON form uses it too. */
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

/** Formats a netmask for a configuration: a prefix length from 1 to 32, or else a dotted mask. */
function formatNetmask(mask: number, family: Family): number | string {
  if (family === 'ipv6') return mask;
  const length = Math.clz32(~mask >>> 0);
  const contiguous = mask !== 0 && (0xffff_ffff << (32 - length)) >>> 0 === mask;
  return contiguous
    ? length
    : [mask >>> 24, (mask >>> 16) & 255, (mask >>> 8) & 255, mask & 255].join('.');
}
