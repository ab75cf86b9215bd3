import { expect, test } from 'vitest';
import type { ErrnoName } from '../../src/errors.ts';
import type { Operation } from '../../src/model/operation.ts';
import { Simulation } from '../../src/plan/simulate.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { daemonOf, destinationOf, keyOf, serviceOf, tableOf } from '../support/tables.ts';

const V4 = serviceOf('tcp://192.0.2.1:80');
const V6 = serviceOf('tcp://[2001:db8::1]:80');
const LIVE = tableOf(
  { [V4.key]: { destinations: { '10.0.0.1:80': 1 } }, [V6.key]: {} },
  { daemons: [] },
);
const known = destinationOf('10.0.0.1:80');
const fresh = destinationOf('10.0.0.2:80');
const absent = serviceOf('tcp://192.0.2.9:80');

function apply(
  operation: Operation,
  table = LIVE,
  schedulers?: ReadonlySet<string>,
): ErrnoName | null {
  return new Simulation(table, schedulers).apply(operation);
}

const put = (
  kind: 'add-destination' | 'edit-destination',
  text: string,
  settings = {},
  service = V4,
): Operation => ({
  kind,
  service: service.identity,
  destination: destinationOf(text, settings),
});

test.each<[string, Operation, ErrnoName | null]>([
  ['adding a service that exists', { kind: 'add-service', service: V4 }, 'EEXIST'],
  ['editing a service that does not exist', { kind: 'edit-service', service: absent }, 'ESRCH'],
  [
    'deleting a service that does not exist',
    { kind: 'delete-service', service: absent.identity },
    'ESRCH',
  ],
  [
    'adding a destination that exists',
    { kind: 'add-destination', service: V4.identity, destination: known },
    'EEXIST',
  ],
  [
    'adding a destination to no service',
    { kind: 'add-destination', service: absent.identity, destination: known },
    'ESRCH',
  ],
  [
    'editing a destination that does not exist',
    { kind: 'edit-destination', service: V4.identity, destination: fresh },
    'ENOENT',
  ],
  [
    'editing a destination of no service',
    { kind: 'edit-destination', service: absent.identity, destination: fresh },
    'ESRCH',
  ],
  [
    'deleting a destination that does not exist',
    { kind: 'delete-destination', service: V4.identity, destination: fresh },
    'ENOENT',
  ],
  [
    'deleting a destination of no service',
    { kind: 'delete-destination', service: absent.identity, destination: fresh },
    'ESRCH',
  ],
  [
    'a negative weight, even where the destination exists',
    put('add-destination', '10.0.0.1:80', { weight: -1 }),
    'ERANGE',
  ],
  [
    'a lower threshold above the upper one',
    put('add-destination', '10.0.0.2:80', { upperThreshold: 1, lowerThreshold: 2 }),
    'ERANGE',
  ],
  [
    'a GUE tunnel without a port',
    put('add-destination', '10.0.0.2:80', { forward: 'tunnel', tunnelType: 'gue' }),
    'EINVAL',
  ],
  [
    'a destination of another family that is not tunnelled',
    put('add-destination', '[2001:db8::2]:80', { forward: 'masq' }),
    'EINVAL',
  ],
  [
    'a destination of another family through a tunnel',
    put('add-destination', '[2001:db8::2]:80', { forward: 'tunnel' }),
    null,
  ],
  [
    'editing one to be routed',
    put('edit-destination', '[2001:db8::2]:80', { forward: 'route' }),
    'EINVAL',
  ],
  ['stopping a daemon that does not run', { kind: 'stop-daemon', role: 'master' }, 'ESRCH'],
  ['zeroing the counters of no service', { kind: 'zero', service: absent.identity }, 'ESRCH'],
  ['zeroing those of one', { kind: 'zero', service: V4.identity }, null],
  ['zeroing all', { kind: 'zero', service: undefined }, null],
])('%s', (_, operation, errno) => {
  expect(apply(operation)).toBe(errno);
});

/** Measured with ipvsadm on Linux 6.1, where none of the addresses is local. */
test.each<[string, ErrnoName | null]>([
  ['0.0.0.0', 'EINVAL'],
  ['0.1.2.3', null],
  ['127.0.0.1', null],
  ['223.255.255.255', null],
  ['224.0.0.1', 'EINVAL'],
  ['239.255.255.255', 'EINVAL'],
  ['240.0.0.1', null],
  ['255.255.255.254', null],
  ['255.255.255.255', 'EINVAL'],
  ['[::]', 'EINVAL'],
  ['[::1]', null],
  ['[::2]', null],
  ['[::1.2.3.4]', null],
  ['[::ffff:1.2.3.4]', 'EINVAL'],
  ['[::fffe:1.2.3.4]', null],
  ['[ff02::1]', 'EINVAL'],
  ['[fec0::1]', null],
  ['[fc00::1]', null],
  ['[ff::1]', null],
])(
  'the simulation accepts %s as a destination, or refuses it, as the kernel does',
  (address, errno) => {
    expect(
      apply(put('add-destination', `${address}:80`, {}, address.startsWith('[') ? V6 : V4)),
    ).toBe(errno);
  },
);

test('a missing scheduler is refused after the checks of the service itself', () => {
  const schedulers = new Set(['rr']);
  expect(
    apply({ kind: 'add-service', service: { ...absent, scheduler: 'wlc' } }, LIVE, schedulers),
  ).toBe('ENOENT');
  expect(
    apply({ kind: 'add-service', service: { ...absent, scheduler: 'rr' } }, LIVE, schedulers),
  ).toBe(null);
  expect(
    apply({ kind: 'add-service', service: { ...absent, scheduler: 'none' } }, LIVE, schedulers),
  ).toBe(null);
  expect(
    apply({ kind: 'add-service', service: { ...V4, scheduler: 'wlc' } }, LIVE, schedulers),
  ).toBe('EEXIST');
  expect(
    apply({ kind: 'edit-service', service: { ...absent, scheduler: 'wlc' } }, LIVE, schedulers),
  ).toBe('ESRCH');
  expect(
    apply({ kind: 'edit-service', service: { ...V4, scheduler: 'mh' } }, LIVE, schedulers),
  ).toBe('ENOENT');
});

test('sync daemons and destinations of another family exclude each other', () => {
  const running = tableOf({ [V4.key]: {} }, { daemons: [daemonOf('master')] });
  expect(apply(put('add-destination', '[2001:db8::2]:80', { forward: 'tunnel' }), running)).toBe(
    'EINVAL',
  );
  const mixed = tableOf({
    [V4.key]: { destinations: { '[2001:db8::2]:80': { forward: 'tunnel' } } },
  });
  expect(apply({ kind: 'start-daemon', daemon: daemonOf('backup') }, mixed)).toBe('EINVAL');
  expect(
    apply(
      {
        kind: 'delete-destination',
        service: V4.identity,
        destination: destinationOf('[2001:db8::2]:80'),
      },
      mixed,
    ),
  ).toBe(null);
});

test('one daemon of each role runs, master first', () => {
  const simulation = new Simulation(LIVE);
  expect(simulation.apply({ kind: 'start-daemon', daemon: daemonOf('backup') })).toBe(null);
  expect(simulation.apply({ kind: 'start-daemon', daemon: daemonOf('master') })).toBe(null);
  expect(
    simulation.apply({ kind: 'start-daemon', daemon: daemonOf('master', { syncId: 9 }) }),
  ).toBe('EEXIST');
  expect(simulation.table().daemons.map(({ role }) => role)).toEqual(['master', 'backup']);
  expect(simulation.apply({ kind: 'stop-daemon', role: 'master' })).toBe(null);
  expect(simulation.table().daemons.map(({ role }) => role)).toEqual(['backup']);
  expect(simulation.apply({ kind: 'stop-daemon', role: 'master' })).toBe('ESRCH');
});

test('a timeout of 0 keeps the live value', () => {
  const simulation = new Simulation(LIVE);
  simulation.apply({ kind: 'set-timeouts', timeouts: { tcp: 0, tcpFin: 7, udp: 0 } });
  expect(simulation.table().timeouts).toEqual({ tcp: 900, tcpFin: 7, udp: 300 });
});

test('a flush deletes the services and leaves daemons and timeouts', () => {
  const simulation = new Simulation(
    tableOf({ [V4.key]: {} }, { timeouts: { udp: 9 }, daemons: [daemonOf('master')] }),
  );
  expect(simulation.apply({ kind: 'flush' })).toBe(null);
  expect(simulation.table()).toEqual(
    tableOf({}, { timeouts: { udp: 9 }, daemons: [daemonOf('master')] }),
  );
});

test('a service that is deleted and added again has no destinations', () => {
  const simulation = new Simulation(LIVE);
  simulation.apply(put('edit-destination', '10.0.0.1:80', { weight: 5 }));
  simulation.apply({ kind: 'delete-service', service: V4.identity });
  simulation.apply({ kind: 'add-service', service: V4 });
  expect(simulation.table().services.get(V4.key)?.destinations.size).toBe(0);
});

test('the simulation writes to no table that it got or returned', () => {
  const copy = structuredClone(LIVE.services.get(V4.key));
  const simulation = new Simulation(LIVE);
  simulation.apply(put('add-destination', '10.0.0.2:80'));
  const handedOut = simulation.table();
  const pool = [...(handedOut.services.get(V4.key)?.destinations.keys() ?? [])];
  simulation.apply(put('add-destination', '10.0.0.3:80'));
  simulation.apply({ kind: 'edit-service', service: { ...V4, scheduler: 'rr' } });
  simulation.apply({ kind: 'delete-service', service: V6.identity });
  expect(LIVE.services.get(V4.key)).toEqual(copy);
  expect([...(handedOut.services.get(V4.key)?.destinations.keys() ?? [])]).toEqual(pool);
  expect(handedOut.services.get(V4.key)?.service.scheduler).toBe('wlc');
  expect(handedOut.services.has(keyOf(V6.key))).toBe(true);
  expect(isSameTable(simulation.table(), handedOut)).toBe(false);
});

test('services that no operation changed are returned as the same objects', () => {
  const simulation = new Simulation(LIVE);
  simulation.apply(put('add-destination', '10.0.0.2:80'));
  expect(simulation.table().services.get(V6.key)).toBe(LIVE.services.get(V6.key));
});
