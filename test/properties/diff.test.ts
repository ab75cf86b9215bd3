import fc from 'fast-check';
import { test } from 'vitest';
import { DESTINATION_ATTRIBUTES } from '../../src/model/destination.ts';
import { SERVICE_ATTRIBUTES } from '../../src/model/service.ts';
import { DAEMON_ATTRIBUTES, TIMEOUT_ATTRIBUTES } from '../../src/model/settings.ts';
import type { ServiceEntry, Table } from '../../src/model/table.ts';
import type { Change } from '../../src/plan/change.ts';
import { diff } from '../../src/plan/diff.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs, tables } from '../support/table-pairs.ts';

type Differ = (before: Table, after: Table) => Change[];

/** Copies every map and object, in reverse order: the copy is equal, and shares no object. */
function copied(table: Table): Table {
  return {
    services: new Map(
      [...table.services].reverse().map(([key, { service, destinations }]) => [
        key,
        {
          service: structuredClone(service),
          destinations: new Map([...structuredClone(destinations)].reverse()),
        },
      ]),
    ),
    timeouts: { ...table.timeouts },
    daemons: table.daemons.map((daemon) => ({ ...daemon })),
  };
}

/** Prints a table as JSON: an equality that knows no attributes. */
function print({ services, timeouts, daemons, sysctls = new Map() }: Table): string {
  const entries = [...services].map(([key, { service, destinations }]) => [
    key,
    service,
    [...destinations].sort(),
  ]);
  return JSON.stringify([entries.sort(), timeouts, daemons, [...sysctls].sort()], (_, value) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value,
  );
}

const emptyOnEqual = (differ: Differ) =>
  fc.property(tables, (table) => differ(table, copied(table)).length === 0);

const emptyOnlyOnEqual = (differ: Differ) =>
  fc.property(
    tablePairs(),
    ({ live, desired }) =>
      (differ(live, desired).length === 0) === (print(live) === print(desired)),
  );

/** Returns another value for an attribute, whatever its type is. */
function another(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  return `${value ?? ''}x`;
}

/** Every table that differs from this one in one attribute of one object. */
function* mutants(table: Table): Generator<Table> {
  const withEntry = (entry: ServiceEntry): Table => ({
    ...table,
    services: new Map(table.services).set(entry.service.key, entry),
  });
  for (const entry of table.services.values()) {
    for (const { key: field } of SERVICE_ATTRIBUTES) {
      yield withEntry({
        ...entry,
        service: { ...entry.service, [field]: another(entry.service[field]) },
      });
    }
    for (const destination of entry.destinations.values()) {
      for (const { key: field } of DESTINATION_ATTRIBUTES) {
        const mutant = {
          ...destination,
          [field]: another(destination[field]),
        };
        yield withEntry({
          ...entry,
          destinations: new Map(entry.destinations).set(destination.key, mutant),
        });
      }
    }
  }
  for (const { key: field } of TIMEOUT_ATTRIBUTES)
    yield { ...table, timeouts: { ...table.timeouts, [field]: 1 } };
  for (const [index, daemon] of table.daemons.entries()) {
    for (const { key: field } of DAEMON_ATTRIBUTES) {
      yield {
        ...table,
        daemons: table.daemons.with(index, {
          ...daemon,
          [field]: another(daemon[field]),
        }),
      };
    }
  }
}

const findsEveryField = (differ: Differ) =>
  fc.property(tables, (table) =>
    [...mutants(table)].every((mutant) => differ(table, mutant).length === 1),
  );

/** A diff that does not compare one attribute. */
function blindTo(field: string): Differ {
  const erase = (table: Table): Table =>
    JSON.parse(
      JSON.stringify(table, (key, value) => (key === field ? 0 : value)),
      revive,
    ) as Table;
  const replaceMaps = (table: Table): Table =>
    ({ ...table, services: encode(table.services) }) as unknown as Table;
  return (before, after) => diff(erase(replaceMaps(before)), erase(replaceMaps(after)));
}

function encode(value: unknown): unknown {
  if (value instanceof Map)
    return { entries: [...value].map(([key, entry]) => [key, encode(entry)]) };
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, encode(entry)]));
  return value;
}

function revive(_: string, value: unknown): unknown {
  return value && typeof value === 'object' && 'entries' in value
    ? new Map(value.entries as [unknown, unknown][])
    : value;
}

test('the diff of a table with its copy is empty', async () => {
  await holds(emptyOnEqual(diff));
});

test('a diff by object identity finds differences between equal tables', async () => {
  const byIdentity: Differ = (before, after) =>
    [...before.services].flatMap(([service, entry]) => {
      const other = after.services.get(service);
      return other === entry ? [] : [{ object: 'service', service, before: entry, after: other }];
    });
  await isBrokenBy(emptyOnEqual(byIdentity));
});

test('a diff is empty only when the tables are equal', async () => {
  await holds(emptyOnlyOnEqual(diff));
  await isBrokenBy(emptyOnlyOnEqual(blindTo('weight')));
});

test('a difference in any one field of any one object is exactly one change', async () => {
  await holds(findsEveryField(diff), 100);
});

const ROWS = [
  ...SERVICE_ATTRIBUTES,
  ...DESTINATION_ATTRIBUTES,
  ...TIMEOUT_ATTRIBUTES,
  ...DAEMON_ATTRIBUTES,
];
test.each(ROWS.map(({ key }) => key))('a diff that is blind to %s is found out', async (field) => {
  await isBrokenBy(findsEveryField(blindTo(field)));
});
