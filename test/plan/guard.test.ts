import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Limit, Limits } from '../../src/model/desired.ts';
import type { Table } from '../../src/model/table.ts';
import { type Allowances, guard } from '../../src/plan/guard.ts';
import { plan } from '../../src/plan/plan.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs } from '../support/table-pairs.ts';
import { type ServiceText, tableOf } from '../support/tables.ts';

function services(count: number, service: ServiceText = {}): Table {
  return tableOf(
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`fwmark:${index + 1}`, service]),
    ),
  );
}

function pool(count: number): Table {
  const destinations = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`10.0.0.${index + 1}:80`, 1]),
  );
  return tableOf({ 'tcp://192.0.2.1:80': { destinations } });
}

function tripped(live: Table, desired: Table, limits: Limits = {}, allowances: Allowances = {}) {
  return guard(plan(live, desired), { limits, allowances });
}

const count = (value: number): Limit => ({ kind: 'count', value });
const percent = (value: number): Limit => ({ kind: 'percent', value });
const off: Limit = { kind: 'off' };

test.each([
  [2, 1, true],
  [3, 2, true],
  [3, 1, false],
  [6, 5, true],
  [6, 4, false],
  [7, 5, true],
  [10, 7, true],
  [10, 6, false],
])(
  'by default, from %i services to %i passes: %s (the larger of 1 and 30 %%)',
  (before, after, passes) => {
    expect(tripped(services(before), services(after)).length === 0).toBe(passes);
  },
);

test.each<[Limit, number, number, boolean]>([
  [count(0), 5, 4, false],
  [count(2), 5, 3, true],
  [count(2), 5, 2, false],
  [percent(0), 5, 4, false],
  [percent(50), 5, 3, true],
  [percent(50), 5, 2, false],
  [percent(100), 5, 1, true],
  [percent(30), 3, 2, false],
  [off, 100, 1, true],
])(
  'with a limit of $kind $value, from %i services to %i passes: %s',
  (limit, before, after, passes) => {
    expect(
      tripped(services(before), services(after), { maxServiceDeletes: limit }).length === 0,
    ).toBe(passes);
  },
);

test('a refusal has the numbers, the services and the flag', () => {
  expect(tripped(services(10), services(6))).toEqual([
    {
      guard: 'max_service_deletes',
      message: 'the plan deletes 4 of 10 services; 3 are allowed',
      flag: '--max-service-deletes 4',
      services: ['fwmark:7', 'fwmark:8', 'fwmark:9', 'fwmark:10'],
    },
  ]);
  expect(tripped(services(3), services(1))[0]?.message).toBe(
    'the plan deletes 2 of 3 services; 1 is allowed',
  );
});

test('a plan that empties the table is refused by one guard, with a flag of its own', () => {
  const expected = [
    {
      guard: 'empty',
      message: 'the plan leaves no service at all; the live table has 3',
      flag: '--allow-empty',
      services: [],
    },
  ];
  expect(tripped(services(3), services(0))).toEqual(expected);
  expect(tripped(services(3), services(0), { maxServiceDeletes: off })).toEqual(expected);
  expect(tripped(services(3), services(0), {}, { empty: true })).toEqual([]);
  expect(tripped(services(0), services(0))).toEqual([]);
});

test('destinations have no limit by default, and a limit counts those of deleted services', () => {
  expect(tripped(pool(9), pool(1))).toEqual([]);
  expect(tripped(pool(9), pool(6), { maxDestinationDeletes: percent(33) })).toEqual([
    {
      guard: 'max_destination_deletes',
      message: 'the plan deletes 3 of 9 destinations; 2 are allowed',
      flag: '--max-destination-deletes 3',
      services: ['tcp://192.0.2.1:80'],
    },
  ]);
  expect(tripped(pool(9), pool(6), { maxDestinationDeletes: count(3) })).toEqual([]);
  const both = { ...pool(3), services: new Map([...pool(3).services, ...services(4).services]) };
  expect(tripped(both, services(4), { maxDestinationDeletes: count(2) })).toMatchObject([
    { message: expect.stringContaining('3 of 3') },
  ]);
  expect(tripped(both, services(4), { maxDestinationDeletes: count(3) })).toEqual([]);
});

const served = { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } };
test.each<[string, ServiceText, boolean]>([
  ['all weights to 0', { destinations: { '10.0.0.1:80': 0, '10.0.0.2:80': 0 } }, true],
  ['all destinations away', {}, true],
  ['the scheduler away', { ...served, scheduler: 'none' }, true],
  ['one weight to 0', { destinations: { '10.0.0.1:80': 0, '10.0.0.2:80': 1 } }, false],
  ['other destinations', { destinations: { '10.0.0.3:80': 1 } }, false],
])('a served service that is left unserved trips a guard: %s', (_, after, trips) => {
  const service = 'tcp://192.0.2.1:80';
  const expected = {
    guard: 'unserved',
    message: 'the plan leaves 1 served service without a usable destination',
    flag: '--allow-unserved',
    services: [service],
  };
  const [live, desired] = [tableOf({ [service]: served }), tableOf({ [service]: after })];
  expect(tripped(live, desired)).toEqual(trips ? [expected] : []);
  expect(tripped(live, desired, {}, { unserved: true })).toEqual([]);
});

test('a service that was not served before may stay unserved', () => {
  const idle = { destinations: { '10.0.0.1:80': 0 } };
  expect(tripped(tableOf({ 'fwmark:1': idle }), tableOf({ 'fwmark:1': {} }))).toEqual([]);
  expect(tripped(tableOf({}), tableOf({ 'fwmark:1': idle }))).toEqual([]);
});

test('an allowance wins over the limit of the file, whether it is higher or lower', () => {
  const limits = { maxServiceDeletes: count(1) };
  expect(tripped(services(5), services(3), limits, { maxServiceDeletes: count(2) })).toEqual([]);
  expect(tripped(services(5), services(4), limits, { maxServiceDeletes: count(0) })).toHaveLength(
    1,
  );
});

test('all refusals of a plan are reported at once', () => {
  const live = tableOf({ 'fwmark:1': served, 'fwmark:2': served, 'fwmark:3': served });
  const desired = tableOf({ 'fwmark:1': {} });
  expect(
    tripped(live, desired, { maxDestinationDeletes: count(0) }).map((refusal) => refusal.guard),
  ).toEqual(['max_service_deletes', 'max_destination_deletes', 'unserved']);
});

/** Reads the flags of refusals back as allowances. */
function accept(flags: readonly string[]): Allowances {
  const number = (name: string): { readonly limit?: Limit } => {
    const flag = flags.find((text) => text.startsWith(`${name} `));
    return flag ? { limit: count(Number(flag.split(' ')[1])) } : {};
  };
  const { limit: services } = number('--max-service-deletes');
  const { limit: destinations } = number('--max-destination-deletes');
  return {
    ...(services && { maxServiceDeletes: services }),
    ...(destinations && { maxDestinationDeletes: destinations }),
    unserved: flags.includes('--allow-unserved'),
    empty: flags.includes('--allow-empty'),
  };
}

const flagsAreEnough = (keep: (flag: string) => boolean) =>
  fc.property(tablePairs(), ({ live, desired }) => {
    const limits = { maxDestinationDeletes: percent(20) };
    const flags = tripped(live, desired, limits).map(({ flag }) => flag);
    return tripped(live, desired, limits, accept(flags.filter(keep))).length === 0;
  });

test('the flags that the refusals name are enough, and all of them are needed', async () => {
  await holds(flagsAreEnough(() => true));
  for (const name of ['--max-service', '--max-destination', '--allow-unserved', '--allow-empty']) {
    await isBrokenBy(flagsAreEnough((flag) => !flag.startsWith(name)));
  }
});
