import { addressFamily } from '../../model/address.ts';
import { type WrittenField, writtenFields } from '../../model/attributes.ts';
import { DESTINATION_ATTRIBUTES, type Destination } from '../../model/destination.ts';
import { formatEndpoint } from '../../model/endpoint.ts';
import { isServiceName } from '../../model/names.ts';
import { SERVICE_ATTRIBUTES, type Service, type ServiceIdentity } from '../../model/service.ts';
import { type ServiceEntry, sortedDestinations } from '../../model/table.ts';
import type { ChecksMapping } from '../config.ts';
import type { EntryLayout, Layout } from '../layout.ts';
import { besideLine, commentLines } from './comments.ts';
import {
  type DestinationList,
  findPools,
  LINE_WIDTH,
  listLines,
  NO_POOLS,
  poolLines,
  shortList,
} from './destination-lists.ts';
import { flowValue, pairLines, type WrittenHealth } from './health.ts';
import { formatPersistence, persistenceOf } from './persistence.ts';
import { findShared, NOTHING_SHARED, SHARED_ROWS, type Shared } from './shared.ts';
import type { FormatOptions } from './yaml.ts';
import { yamlScalar, yamlText } from './yaml-scalar.ts';

/** The parts of a file that services are in. */
export interface ServiceParts {
  readonly defaults: readonly string[];
  readonly services: readonly string[];
}

/** Formats services, with the defaults and the pools that make them shorter. */
export function serviceParts(
  entries: readonly ServiceEntry[],
  {
    names,
    isPlain = false,
    layout,
    health,
  }: Pick<FormatOptions, 'names' | 'isPlain' | 'layout' | 'health'>,
): ServiceParts {
  if (entries.length === 0) return { defaults: [], services: ['services: []'] };
  const services = entries.map(({ service }) => writtenService(service));
  const shared = isPlain ? NOTHING_SHARED : findShared(services, entries);
  const lists = entries.map((entry) =>
    destinationList(entry, { isPlain, shared, layout, health: health?.get(entry.service.key) }),
  );
  const pools = isPlain ? NO_POOLS : findPools(lists);
  const lines = [...poolLines(pools), 'services:'];
  let wasLong = false;
  for (const [index, { service }] of entries.entries()) {
    const own = lists[index] ?? EMPTY_LIST;
    const pool = pools.nameOf(own);
    const written = services[index] ?? writtenService(service);
    const pairs = [
      ...identityPairs(service.identity, names?.get(service.key)),
      ...settingPairs(written, shared),
    ];
    const list = pool === undefined ? own : poolReference(pool);
    const checks = writtenHealth(service.identity, health?.get(service.key), isPlain, shared);
    const text = layout
      ? arrangedService(pairs, checks, list, layout.services.get(service.key), isPlain)
      : longService(pairs, checks, list, isPlain);
    const isLong = text.length > 1;
    if (layout && index > 0 && (isLong || wasLong)) lines.push('');
    for (const line of text) lines.push(line);
    wasLong = isLong;
  }
  return { defaults: defaultLines(shared), services: lines };
}

const EMPTY_LIST: DestinationList = { items: [], below: [] };

interface ListOptions {
  readonly isPlain: boolean;
  readonly shared: Shared;
  readonly layout: Layout | undefined;
  readonly health: WrittenHealth | undefined;
}

function destinationList(
  entry: ServiceEntry,
  { isPlain, shared, layout, health }: ListOptions,
): DestinationList {
  const destinations = layout ? [...entry.destinations.values()] : sortedDestinations(entry);
  const own = layout?.services.get(entry.service.key);
  const listed = destinations.filter(({ key }) => key !== health?.fallback?.key);
  return {
    items: listed.map((destination) => ({
      text: itemText(
        destination,
        entry.service.identity,
        isPlain,
        shared,
        health?.destinations.get(destination.key),
      ),
      layout: own?.destinations.get(destination.key),
    })),
    below: own?.below ?? [],
    name: own?.pool,
  };
}

function itemText(
  destination: Destination,
  service: ServiceIdentity,
  isPlain: boolean,
  shared: Shared,
  checks?: ChecksMapping | 'off',
): string {
  const pairs = checks === undefined ? '' : `, health: ${flowValue(checks)}`;
  return isPlain
    ? plainItem(destination, pairs)
    : shortItem(destination, service, shared.destination, pairs);
}

/** The checks of a service, with its fallback. */
function writtenHealth(
  service: ServiceIdentity,
  health: WrittenHealth | undefined,
  isPlain: boolean,
  shared: Shared,
): object | undefined {
  if (!health?.fallback) return health?.service;
  const text = itemText(health.fallback, service, isPlain, shared);
  return { ...health.service, fallback: [{ text }] };
}

function poolReference(pool: string): DestinationList {
  return { items: [{ text: `{ pool: ${yamlText(pool)} }` }], below: [] };
}

/** Formats a service with one line for each key. */
function longService(
  pairs: readonly string[],
  health: object | undefined,
  list: DestinationList,
  isPlain: boolean,
): string[] {
  return [
    ...pairs.map((pair, at) => `${at === 0 ? '  - ' : '    '}${pair}`),
    ...(health ? pairLines('health', health, '    ') : []),
    ...listLines('    destinations:', '      ', list, !isPlain),
  ];
}

/** Formats a service with its comments: in one line when that holds all of it. */
function arrangedService(
  pairs: readonly string[],
  health: object | undefined,
  list: DestinationList,
  layout: EntryLayout | undefined,
  isPlain: boolean,
): string[] {
  const above = commentLines(layout?.above ?? [], '  ');
  const destinations = isPlain ? undefined : shortList(list);
  const checks = health ? [`health: ${flowValue(health)}`] : [];
  const short = `  - { ${[...pairs, ...checks, `destinations: ${destinations}`].join(', ')} }`;
  if (destinations !== undefined && short.length <= LINE_WIDTH)
    return [...above, ...besideLine(short, layout?.beside, LINE_WIDTH)];
  const [first = '', ...rest] = longService(pairs, health, list, isPlain);
  return [...above, ...besideLine(first, layout?.beside, LINE_WIDTH), ...rest];
}

interface Written {
  readonly scheduling: readonly WrittenField[];
  readonly persistence: string | undefined;
  /** The other settings, which `defaults` cannot have. */
  readonly others: readonly WrittenField[];
}

function writtenService(service: Service): Written {
  const fields = plainServiceFields(service, 'yaml');
  const isScheduling = ({ key }: WrittenField): boolean => key.startsWith('scheduler');
  const persistence = persistenceOf(service);
  return {
    scheduling: fields.filter(isScheduling),
    persistence: persistence && formatPersistence(persistence),
    others: fields.filter((field) => !isScheduling(field)),
  };
}

function defaultLines({ scheduling = [], persistence, destination }: Shared): string[] {
  const pairs = [
    ...scheduling.map(formatField),
    ...(persistence === undefined ? [] : [`persistence: ${persistence}`]),
    ...Array.from(destination, ([key, value]) => `${key}: ${yamlScalar(value)}`),
  ];
  return pairs.length === 0 ? [] : [`defaults: { ${pairs.join(', ')} }`, ''];
}

function identityPairs(identity: ServiceIdentity, name: string | undefined): string[] {
  const label = name !== undefined && isServiceName(name) ? [`name: ${yamlText(name)}`] : [];
  if (identity.kind === 'fwmark') {
    const family = identity.family === 'ipv6' ? ['family: ipv6'] : [];
    return [...label, `address: fwmark:${identity.fwmark}`, ...family];
  }
  const text = `${identity.protocol}://${formatEndpoint(identity.address, identity.port)}`;
  const isQuoted = addressFamily(identity.address) === 'ipv6';
  return [...label, `address: ${isQuoted ? `"${text}"` : text}`];
}

/** The settings of a service that differ from the defaults of the file. */
function settingPairs({ scheduling, persistence, others }: Written, shared: Shared): string[] {
  const isShared =
    shared.scheduling !== undefined &&
    JSON.stringify(scheduling) === JSON.stringify(shared.scheduling);
  const pairs = [...(isShared ? [] : scheduling), ...others].map(formatField);
  if (persistence === shared.persistence) return pairs;
  return [...pairs, `persistence: ${persistence ?? 'off'}`];
}

function formatField({ key, value }: WrittenField): string {
  return `${key}: ${yamlScalar(value)}`;
}

/** @param more pairs behind those of the destination, each after a comma */
function plainItem(destination: Destination, more: string): string {
  const address = formatEndpoint(destination.address, destination.port);
  const fields = writtenFields(DESTINATION_ATTRIBUTES, destination, 'yaml');
  return `{ address: "${address}"${flowPairs(fields)}${more} }`;
}

/**
 * Formats a destination in as few words as possible: without the values of the defaults, and
 * without the port that it has in its service anyway.
 */
function shortItem(
  destination: Destination,
  service: ServiceIdentity,
  shared: Shared['destination'],
  more: string,
): string {
  const { address, port } = destination;
  const isUsualPort = port === (service.kind === 'address' ? service.port : 0);
  const endpoint = isUsualPort ? address : formatEndpoint(address, port);
  const isQuoted = !isUsualPort || addressFamily(address) === 'ipv6';
  const text = isQuoted ? `"${endpoint}"` : endpoint;
  const pairs = flowPairs(fieldsBeside(destination, shared)) + more;
  return pairs === '' ? text : `{ address: ${text}${pairs} }`;
}

/** The settings that differ from the defaults of the file, or else from the built-in ones. */
function fieldsBeside(destination: Destination, shared: Shared['destination']): WrittenField[] {
  const written = writtenFields(DESTINATION_ATTRIBUTES, destination, 'yaml');
  if (shared.size === 0) return written;
  const own = SHARED_ROWS.flatMap(({ key, name }) => {
    const value = destination[key];
    if (shared.has(name))
      return value === shared.get(name) ? [] : [{ block: '', key: name, value }];
    return written.filter((field) => field.block === '' && field.key === name);
  });
  return [...own, ...written.filter(({ block }) => block !== '')];
}

/**
 * Formats fields for the rest of a flow mapping, each after a comma. The fields of a block follow
 * each other.
 */
export function flowPairs(fields: readonly WrittenField[]): string {
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
