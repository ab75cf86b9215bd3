import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Snapshot, Unmanageable } from '../../src/model/ipvs.ts';
import type { Table } from '../../src/model/table.ts';
import { wildcardMatcher } from '../../src/model/wildcard.ts';
import { guard } from '../../src/plan/guard.ts';
import { plan } from '../../src/plan/plan.ts';
import { completeDaemons, scope } from '../../src/plan/scope.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { daemonOf, desiredOf, keyOf, servicesOf, tableOf } from '../support/tables.ts';

const A = 'tcp://192.0.2.1:80';
const B = 'tcp://192.0.2.2:80';
const LIVE = tableOf(
  { [A]: { destinations: { '10.0.0.1:80': 1 } }, [B]: { destinations: { '10.0.0.1:80': 1 } } },
  { timeouts: { tcp: 60 }, daemons: [daemonOf('master')] },
);

function snapshotOf(table: Table, unmanageable: readonly Unmanageable[] = []): Snapshot {
  return { table, counters: new Map(), unmanageable };
}

test('settings that a file does not mention are copied from the live table', () => {
  const scoped = scope(desiredOf(new Map(), { timeouts: { udp: 10 } }), snapshotOf(LIVE)).table;
  expect(scoped.services.size).toBe(0);
  expect(scoped.timeouts).toEqual({ tcp: 60, tcpFin: 120, udp: 10 });
  expect(scoped.daemons).toBe(LIVE.daemons);
});

test('an empty list of daemons means that none may run', () => {
  expect(scope(desiredOf(LIVE.services, { daemons: [] }), snapshotOf(LIVE)).table.daemons).toEqual(
    [],
  );
});

test('a * of a selector stands for any characters, also none', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  const agrees = (matcher: typeof wildcardMatcher) =>
    fc.property(text, name, (selector, found) => {
      const pattern = new RegExp(`^${selector.replaceAll('*', '.*')}$`);
      expect(matcher(selector)(found)).toBe(pattern.test(found));
    });
  await holds(agrees(wildcardMatcher), 2000);
  await isBrokenBy(
    agrees((selector) => {
      const parts = selector.split('*');
      return (found) => parts.every((part) => found.includes(part));
    }),
  );
});

test('a selector of many * is matched at once', () => {
  expect(wildcardMatcher(`${'*a'.repeat(40)}*b`)('a'.repeat(200))).toBe(false);
  expect(wildcardMatcher(`${'*a'.repeat(40)}*`)('a'.repeat(200))).toBe(true);
});

test('a selector has no other special characters', () => {
  expect(wildcardMatcher('tcp://[2001:db8::1]:80')('tcp://[2001:db8::1]:80')).toBe(true);
  expect(wildcardMatcher('tcp://192.0.2.1:80')('tcp://192x0.2.1:80')).toBe(false);
  expect(wildcardMatcher('a+$')('aa')).toBe(false);
});

test('with --only, every other service is copied from the live table', () => {
  const services = servicesOf({
    [A]: { scheduler: 'rr' },
    [B]: { scheduler: 'rr' },
    'fwmark:7': {},
  });
  const scoped = scope(desiredOf(services), snapshotOf(LIVE), {
    only: (key) => key === keyOf(A),
  }).table;
  expect([...scoped.services.keys()].sort()).toEqual([A, B]);
  expect(scoped.services.get(keyOf(A))).toBe(services.get(keyOf(A)));
  expect(scoped.services.get(keyOf(B))).toBe(LIVE.services.get(keyOf(B)));
});

test('with --only, a selected service that the file no longer has is deleted, and no other', () => {
  const scoped = scope(desiredOf(new Map()), snapshotOf(LIVE), {
    only: (key) => key === keyOf(A),
  }).table;
  expect([...scoped.services.keys()]).toEqual([B]);
});

test('with --only, timeouts and daemons are left alone', () => {
  const scoped = scope(
    desiredOf(LIVE.services, { timeouts: { tcp: 5 }, daemons: [] }),
    snapshotOf(LIVE),
    { only: () => true },
  ).table;
  expect(scoped).toEqual(LIVE);
});

const method5: Unmanageable = {
  service: A,
  destination: '10.0.0.9:80',
  reason: 'forwarding method 5',
};

test('a service with a destination that no file can express is not deleted', () => {
  const scoped = scope(desiredOf(new Map()), snapshotOf(LIVE, [method5])).table;
  expect([...scoped.services.keys()]).toEqual([A]);
  expect(scoped.services.get(keyOf(A))).toBe(LIVE.services.get(keyOf(A)));
});

test('a declared service may have a destination that no file can express beside its own', () => {
  const services = servicesOf({ [A]: { destinations: { '10.0.0.5:80': 1 } } });
  expect(scope(desiredOf(services), snapshotOf(LIVE, [method5])).table.services).toEqual(services);
});

test.each([
  [
    { service: A, destination: '10.0.0.9:80', reason: 'forwarding method 5' },
    `10.0.0.9:80 of ${A} exists in the kernel with forwarding method 5`,
  ],
  [
    { service: A, destination: undefined, reason: 'flag 0x40' },
    `${A} exists in the kernel with flag 0x40`,
  ],
])('claiming what no file can express is refused: $reason', (unmanageable, message) => {
  const services = servicesOf({ [A]: { destinations: { '10.0.0.9:80': 1 } } });
  const attempt = () => scope(desiredOf(services), snapshotOf(tableOf({}), [unmanageable]));
  expect(attempt).toThrow(
    expect.objectContaining({
      code: 'REFUSED',
      message,
      hint: expect.stringContaining('left alone'),
    }),
  );
});

test('a live service with an identity that no file can express changes no plan', () => {
  const odd: Unmanageable = {
    service: 'protocol 47 192.0.2.1:0',
    destination: undefined,
    reason: 'protocol 47',
  };
  expect(scope(desiredOf(LIVE.services), snapshotOf(LIVE, [odd])).table).toEqual(LIVE);
});

const mixed = servicesOf({ [A]: { destinations: { '[2001:db8::1]:80': { forward: 'tunnel' } } } });

test.each([
  ['running', desiredOf(mixed), LIVE],
  ['wanted', desiredOf(mixed, { daemons: [daemonOf('backup')] }), tableOf({})],
])(
  'a destination of another family and a sync daemon that is %s are refused, as the kernel would',
  (_, desired, live) => {
    expect(() => scope(desired, snapshotOf(live))).toThrow(
      expect.objectContaining({
        code: 'REFUSED',
        message: expect.stringContaining(
          `[2001:db8::1]:80 is of another family than its service ${A}`,
        ),
      }),
    );
  },
);

test('a daemon that the file removes excludes no destination', () => {
  expect(scope(desiredOf(mixed, { daemons: [] }), snapshotOf(LIVE)).table.services).toEqual(mixed);
});

test('a daemon without a length gets the length that the kernel chose for the running one', () => {
  const wanted = [
    daemonOf('master', { maxLength: 0 }),
    daemonOf('backup', { maxLength: 0, interface: 'eth1' }),
  ];
  const live = [
    daemonOf('master', { maxLength: 8972 }),
    daemonOf('backup', { maxLength: 1472, interface: 'eth0' }),
  ];
  expect(completeDaemons(wanted, live)).toEqual([
    daemonOf('master', { maxLength: 8972 }),
    wanted[1],
  ]);
  expect(completeDaemons([daemonOf('master', { maxLength: 1000 })], live)).toEqual([
    daemonOf('master', { maxLength: 1000 }),
  ]);
});

test('the plan for a completed table that is live is empty', () => {
  const desired = desiredOf(LIVE.services, {
    timeouts: { tcp: 60 },
    daemons: [daemonOf('master', { maxLength: 0 })],
  });
  expect(plan(LIVE, scope(desired, snapshotOf(LIVE)).table).changes).toEqual([]);
});

test('a file without services keeps a service that no file can express, and empties the rest', () => {
  const { foreign, table } = scope(desiredOf(new Map()), snapshotOf(LIVE, [method5]));
  expect([...foreign]).toEqual([A]);
  expect(guard(plan(LIVE, table), { limits: {}, foreign })).toMatchObject([{ guard: 'empty' }]);
});
