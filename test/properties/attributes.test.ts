import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MAPPINGS } from '../../src/config/config.ts';
import { formatConfigJson } from '../../src/config/write/json.ts';
import { type Exportable, formatConfig } from '../../src/config/write/yaml.ts';
import { ALLOWED_OPTIONS } from '../../src/formats/ipvsadm/grammar/allowed-options.ts';
import { OPTIONS } from '../../src/formats/ipvsadm/grammar/options.ts';
import { formatOperationAsIpvsadm } from '../../src/formats/ipvsadm/lines.ts';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { type Address, parseAddress } from '../../src/model/address.ts';
import type { Row } from '../../src/model/attributes.ts';
import {
  DESTINATION_ATTRIBUTES,
  type Destination,
  type DestinationSettings,
  sameDestination,
} from '../../src/model/destination.ts';
import { formatOperation, type Operation } from '../../src/model/operation.ts';
import {
  SERVICE_ATTRIBUTES,
  type Service,
  type ServiceSettings,
  sameService,
} from '../../src/model/service.ts';
import {
  DAEMON_ATTRIBUTES,
  type Daemon,
  KERNEL_TIMEOUTS,
  sameDaemon,
  sameTimeouts,
  TIMEOUT_ATTRIBUTES,
  type Timeouts,
} from '../../src/model/settings.ts';
import { type ServiceEntry, sameEntry, type Table } from '../../src/model/table.ts';
import type { Change } from '../../src/plan/change.ts';
import { diff } from '../../src/plan/diff.ts';
import { changeFields, fieldChanges } from '../../src/plan/fields.ts';
import { serviceFingerprint, settingsFingerprint } from '../../src/plan/fingerprint.ts';
import { journalOperation } from '../../src/recovery/journal/journal-operation.ts';
import { loadTable, storeTable } from '../../src/recovery/records/stored-table.ts';
import { describeObject } from '../../src/render/describe.ts';
import { daemonOf, destinationOf, serviceOf } from '../support/tables.ts';

/*
 * Each attribute has one row in the model, and much follows the rows: equality, changed fields,
 * files, records, fingerprints. These tests change one attribute after the other. Whatever shows,
 * stores or compares an object must show the difference.
 */

const SERVICE = serviceOf('udp://192.0.2.1:80');

/** One object before and after a change of one attribute. */
interface Pair<T> {
  readonly before: T;
  readonly after: T;
}

/** A text about an object. A view tells two objects apart when their texts differ. */
type View<T> = (object: T, before: T) => string;

type Views<T> = Readonly<Record<string, View<T>>>;

/** Two objects for each attribute that differ in it alone. A missing attribute does not compile. */
type Pairs<T, Settings> = { readonly [Key in keyof Settings]-?: Pair<T> };

/** The attributes whose change a view does not show. */
function unseenBy<T, Settings>(
  view: View<T>,
  rows: readonly Row<T, Settings>[],
  pairs: Pairs<T, Settings>,
): (keyof Settings)[] {
  return rows
    .map(({ key }) => key)
    .filter((key) => {
      const { before, after } = pairs[key];
      return view(before, before) === view(after, before);
    });
}

function describeViews<T, Settings>(
  name: string,
  rows: readonly Row<T, Settings>[],
  pairs: Pairs<T, Settings>,
  views: Views<T>,
): void {
  describe(`of ${name}`, () => {
    test.each(Object.entries(views))('%s shows every attribute', (_, view) => {
      expect(unseenBy(view, rows, pairs)).toEqual([]);
    });

    test.each(rows.map(({ key }) => String(key)))(
      'a view that is blind to %s is found out',
      (key) => {
        const hidden = key as keyof Settings & keyof T;
        for (const view of Object.values(views)) {
          const blind: View<T> = (object, before) =>
            view({ ...object, [hidden]: before[hidden] }, before);
          expect(unseenBy(blind, rows, pairs)).toEqual([hidden]);
        }
      },
    );

    test('the two objects of each attribute differ in nothing else', () => {
      for (const { key } of rows) {
        const { before, after } = pairs[key];
        const names = Object.keys(before as object) as (keyof T)[];
        expect(names.filter((each) => before[each] !== after[each])).toEqual([key]);
      }
    });
  });
}

function changed<T>(before: T, change: Partial<T>): Pair<T> {
  return { before, after: { ...before, ...change } };
}

function tableWith(part: Partial<Table>): Table {
  return { services: new Map(), timeouts: KERNEL_TIMEOUTS, daemons: [], ...part };
}

function entryWith(service: Service, destinations: readonly Destination[] = []): ServiceEntry {
  return { service, destinations: new Map(destinations.map((each) => [each.key, each])) };
}

function tableOfEntry(entry: ServiceEntry): Table {
  return tableWith({ services: new Map([[entry.service.key, entry]]) });
}

/** The changed fields of the only change between two tables. */
function editedFields(before: Table, after: Table): string {
  const fields = diff(before, after).flatMap((change) => {
    const sides = changeFields(change);
    return sides.before && sides.after ? fieldChanges(sides.before, sides.after) : [];
  });
  return JSON.stringify(fields);
}

/** The views that every object has, by the table that it is in. */
function viewsOfTable<T>(tableOf: (object: T) => Table, changeOf: (object: T) => Change): Views<T> {
  const exported = (object: T): Exportable => tableOf(object);
  return {
    'the diff': (object, before) => String(diff(tableOf(before), tableOf(object)).length),
    'a list of changed fields': (object, before) => editedFields(tableOf(before), tableOf(object)),
    'the description of a new object': (object) => describeObject(changeOf(object)),
    'a YAML file': (object) => formatConfig(exported(object)),
    'a JSON file': (object) => formatConfigJson(exported(object)),
    'a stored table': (object) => JSON.stringify(storeTable(tableOf(object))),
    'a stored table that was loaded': (object) => {
      const loaded = loadTable(JSON.parse(JSON.stringify(storeTable(tableOf(object)))));
      return JSON.stringify(storeTable(loaded ?? { services: new Map() }));
    },
  };
}

/** The journal's line for an operation. */
function journal(operation: Operation): string {
  return JSON.stringify(journalOperation(operation, undefined));
}

const gue = destinationOf('10.0.0.1:80', {
  forward: 'tunnel',
  weight: 3,
  upperThreshold: 9,
  lowerThreshold: 5,
  tunnelType: 'gue',
  tunnelPort: 6080,
  tunnelChecksum: 'csum',
});
const plain = destinationOf('10.0.0.1:80');

describeViews<Destination, DestinationSettings>(
  'a destination',
  DESTINATION_ATTRIBUTES,
  {
    forward: changed(plain, { forward: 'masq' }),
    weight: changed(gue, { weight: 4 }),
    upperThreshold: changed(gue, { upperThreshold: 10 }),
    lowerThreshold: changed(gue, { lowerThreshold: 4 }),
    tunnelType: changed(gue, { tunnelType: 'gre' }),
    tunnelPort: changed(gue, { tunnelPort: 6081 }),
    tunnelChecksum: changed(gue, { tunnelChecksum: 'remcsum' }),
  },
  {
    ...viewsOfTable<Destination>(
      (destination) => tableOfEntry(entryWith(SERVICE, [destination])),
      (after) => ({
        object: 'destination',
        service: SERVICE.key,
        destination: after.key,
        before: undefined,
        after,
      }),
    ),
    equality: (destination, before) => String(sameDestination(before, destination)),
    'equality of a service with its destinations': (destination, before) =>
      String(sameEntry(entryWith(SERVICE, [before]), entryWith(SERVICE, [destination]))),
    'a fingerprint': (destination) => serviceFingerprint(entryWith(SERVICE, [destination])),
    'save text': (destination) => formatSave(tableOfEntry(entryWith(SERVICE, [destination]))),
    'the journal': (destination) =>
      journal({ kind: 'add-destination', service: SERVICE.identity, destination }),
  },
);

const persistent: Service = {
  ...SERVICE,
  scheduler: 'mh',
  persistent: true,
  persistenceTimeoutSeconds: 60,
};

describeViews<Service, ServiceSettings>(
  'a service',
  SERVICE_ATTRIBUTES,
  {
    scheduler: changed(SERVICE, { scheduler: 'rr' }),
    schedulerFlags: changed(persistent, { schedulerFlags: 0x18 }),
    onePacket: changed(SERVICE, { onePacket: true }),
    persistent: changed(persistent, { persistent: false }),
    persistenceTimeoutSeconds: changed(persistent, { persistenceTimeoutSeconds: 90 }),
    persistenceNetmask: changed(persistent, { persistenceNetmask: 0xffff_ff00 }),
    persistenceEngine: changed(persistent, { persistenceEngine: 'sip' }),
  },
  {
    ...viewsOfTable<Service>(
      (service) => tableOfEntry(entryWith(service)),
      (service) => ({
        object: 'service',
        service: service.key,
        before: undefined,
        after: entryWith(service),
      }),
    ),
    equality: (service, before) => String(sameService(before, service)),
    'equality of a service with its destinations': (service, before) =>
      String(sameEntry(entryWith(before), entryWith(service))),
    'a fingerprint': (service) => serviceFingerprint(entryWith(service)),
    'save text': (service) => formatSave(tableOfEntry(entryWith(service))),
    'the journal': (service) => journal({ kind: 'add-service', service }),
  },
);

describeViews<Timeouts, Timeouts>(
  'the timeouts',
  TIMEOUT_ATTRIBUTES,
  {
    tcp: changed(KERNEL_TIMEOUTS, { tcp: 60 }),
    tcpFin: changed(KERNEL_TIMEOUTS, { tcpFin: 60 }),
    udp: changed(KERNEL_TIMEOUTS, { udp: 60 }),
  },
  {
    ...viewsOfTable<Timeouts>(
      (timeouts) => tableWith({ timeouts }),
      (after) => ({ object: 'timeouts', before: KERNEL_TIMEOUTS, after }),
    ),
    equality: (timeouts, before) => String(sameTimeouts(before, timeouts)),
    'a fingerprint': (timeouts) => settingsFingerprint({ timeouts, daemons: [] }),
    'an operation in words': (timeouts) => formatOperation({ kind: 'set-timeouts', timeouts }),
    'an ipvsadm line': (timeouts) => formatOperationAsIpvsadm({ kind: 'set-timeouts', timeouts }),
    'the journal': (timeouts) => journal({ kind: 'set-timeouts', timeouts }),
  },
);

const master = daemonOf('master');

describeViews<Daemon, Omit<Daemon, 'role'>>(
  'a sync daemon',
  DAEMON_ATTRIBUTES,
  {
    interface: changed(master, { interface: 'eth1' }),
    syncId: changed(master, { syncId: 2 }),
    maxLength: changed(master, { maxLength: 1400 }),
    group: changed(master, { group: parseAddress('239.1.1.1') as Address }),
    port: changed(master, { port: 9000 }),
    ttl: changed(master, { ttl: 2 }),
  },
  {
    ...viewsOfTable<Daemon>(
      (daemon) => tableWith({ daemons: [daemon] }),
      (after) => ({ object: 'daemon', role: after.role, before: undefined, after }),
    ),
    equality: (daemon, before) => String(sameDaemon(before, daemon)),
    'a fingerprint': (daemon) =>
      settingsFingerprint({ timeouts: KERNEL_TIMEOUTS, daemons: [daemon] }),
    'an ipvsadm line': (daemon) => formatOperationAsIpvsadm({ kind: 'start-daemon', daemon }),
    'the journal': (daemon) => journal({ kind: 'start-daemon', daemon }),
  },
);

const ROWS = [
  ...SERVICE_ATTRIBUTES,
  ...DESTINATION_ATTRIBUTES,
  ...TIMEOUT_ATTRIBUTES,
  ...DAEMON_ATTRIBUTES,
];

test('the option of every attribute is one of ipvsadm, with the same range', () => {
  for (const { option, range } of ROWS) {
    if (option === undefined) continue;
    const value = OPTIONS.find(({ long }) => long === option)?.value;
    expect(value, option).toBeDefined();
    if (range && value?.kind === 'number') expect(value, option).toMatchObject(range);
  }
});

test('every option of ipvsadm has a row in the table of allowed options', () => {
  for (const { name } of OPTIONS)
    if (name !== undefined) expect(ALLOWED_OPTIONS).toHaveProperty(name);
});

interface Schema {
  readonly type?: string | readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const schema = JSON.parse(readFileSync('schemas/config.schema.json', 'utf8')) as Schema;

/** The schema of a key, references followed. */
function follow(part: Schema | undefined): Schema | undefined {
  const reference = part?.$ref ?? part?.allOf?.[0]?.$ref;
  return reference ? follow(schema.definitions?.[reference.split('/').at(-1) ?? '']) : part;
}

const OWNERS: readonly (readonly [string, Schema | undefined, readonly Row<never, never>[]])[] = [
  ['a service', follow(schema.properties?.services?.items), SERVICE_ATTRIBUTES as never],
  ['a destination', schema.definitions?.member, DESTINATION_ATTRIBUTES as never],
  ['the timeouts', schema.properties?.timeouts, TIMEOUT_ATTRIBUTES as never],
  ['a sync daemon', follow(schema.properties?.sync_daemons?.items), DAEMON_ATTRIBUTES as never],
];

test.each(OWNERS)('the schema of %s has every attribute, with its range', (_, owner, rows) => {
  for (const { name, block, keyInBlock, range } of rows) {
    const parent = block === '' ? owner : follow(owner?.properties?.[block]);
    const found = follow(parent?.properties?.[keyInBlock]);
    expect(found, name).toBeDefined();
    if (range) expect(found, name).toMatchObject({ minimum: range.min, maximum: range.max });
  }
});

test('the keys of a destination in a file are those of its attributes', () => {
  const { properties = {} } = schema.definitions?.member ?? {};
  expect([...MAPPINGS.destination.keys].sort()).toEqual(Object.keys(properties).sort());
});
