import { addressFamily } from '../../model/address.ts';
import { type WrittenField, writtenFields } from '../../model/attributes.ts';
import { DESTINATION_ATTRIBUTES, type Destination } from '../../model/destination.ts';
import { formatEndpoint } from '../../model/endpoint.ts';
import { SERVICE_ATTRIBUTES, type Service, type ServiceIdentity } from '../../model/service.ts';
import { type ServiceEntry, sortedDestinations } from '../../model/table.ts';
import { formatPersistence, persistenceOf } from './persistence.ts';
import { findPools, findShared, NOTHING_SHARED, SHARED_ROWS, type Shared } from './shared.ts';
import type { FormatOptions } from './yaml.ts';
import { yamlScalar, yamlText } from './yaml-scalar.ts';

/** A list of plain addresses stands in one line that is not longer. */
const LINE_WIDTH = 100;

/** Formats services, with the defaults and the pools that make them shorter. */
export function serviceLines(
  entries: readonly ServiceEntry[],
  { names, isPlain = false }: Pick<FormatOptions, 'names' | 'isPlain'>,
): string[] {
  if (entries.length === 0) return ['services: []'];
  const services = entries.map(({ service }) => writtenService(service));
  const shared = isPlain ? NOTHING_SHARED : findShared(services, entries);
  const lists = entries.map((entry) =>
    sortedDestinations(entry).map((destination) =>
      isPlain
        ? plainItem(destination)
        : shortItem(destination, entry.service.identity, shared.destination),
    ),
  );
  const pools = isPlain ? new Map<string, string>() : findPools(lists);
  const lines = [...defaultLines(shared), ...poolLines(pools), 'services:'];
  for (const [index, { service }] of entries.entries()) {
    const items = lists[index] ?? [];
    const pool = pools.get(items.join('\n'));
    const written = services[index] ?? writtenService(service);
    const pairs = [
      ...identityPairs(service.identity, names?.get(service.key)),
      ...settingPairs(written, shared),
    ];
    for (const [at, pair] of pairs.entries()) lines.push(`${at === 0 ? '  - ' : '    '}${pair}`);
    const own = pool === undefined ? items : [`{ pool: ${pool} }`];
    for (const line of listLines('    destinations:', '      ', own, !isPlain)) lines.push(line);
  }
  return lines;
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

function poolLines(pools: ReadonlyMap<string, string>): string[] {
  if (pools.size === 0) return [];
  const lines = [...pools].flatMap(([text, name]) =>
    listLines(`  ${name}:`, '    ', text.split('\n'), true),
  );
  return ['pools:', ...lines, ''];
}

function identityPairs(identity: ServiceIdentity, name: string | undefined): string[] {
  const label = name === undefined ? [] : [`name: ${yamlText(name)}`];
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

/** Formats a list: in one line when it has only plain addresses, or one line for each item. */
function listLines(
  start: string,
  indent: string,
  items: readonly string[],
  mayBeShort: boolean,
): string[] {
  if (items.length === 0) return [`${start} []`];
  const short = `${start} [${items.join(', ')}]`;
  const isShort =
    mayBeShort &&
    short.length <= LINE_WIDTH &&
    (items.length === 1 || items.every((item) => !item.startsWith('{')));
  return isShort ? [short] : [start, ...items.map((item) => `${indent}- ${item}`)];
}

function plainItem(destination: Destination): string {
  const address = formatEndpoint(destination.address, destination.port);
  const fields = writtenFields(DESTINATION_ATTRIBUTES, destination, 'yaml');
  return `{ address: "${address}"${flowPairs(fields)} }`;
}

/**
 * Formats a destination in as few words as possible: without the values of the defaults, and
 * without the port that it has in its service anyway.
 */
function shortItem(
  destination: Destination,
  service: ServiceIdentity,
  shared: Shared['destination'],
): string {
  const { address, port } = destination;
  const isUsualPort = port === (service.kind === 'address' ? service.port : 0);
  const endpoint = isUsualPort ? address : formatEndpoint(address, port);
  const isQuoted = !isUsualPort || addressFamily(address) === 'ipv6';
  const text = isQuoted ? `"${endpoint}"` : endpoint;
  const pairs = flowPairs(fieldsBeside(destination, shared));
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
