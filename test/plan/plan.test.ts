import { expect, test } from 'vitest';
import { formatOperation } from '../../src/model/operation.ts';
import type { Table } from '../../src/model/table.ts';
import { plan } from '../../src/plan/plan.ts';
import { run } from '../support/plan-runs.ts';
import { DAEMONS, EVERY_WAVE } from '../support/scenarios.ts';
import { daemonOf, tableOf } from '../support/tables.ts';

/**
 * Returns the waves as text. A service is shown with its scheduler, a destination with its weight.
 */
function print(live: Table, desired: Table): Record<string, string[]> {
  const waves = plan(live, desired).waves.map(({ purpose, steps }) => [
    purpose,
    steps.map(({ operation }) => {
      const text = formatOperation(operation);
      if (operation.kind === 'add-service' || operation.kind === 'edit-service')
        return `${text} ${operation.service.scheduler}`;
      if (operation.kind === 'add-destination' || operation.kind === 'edit-destination')
        return `${text} ${operation.destination.weight}`;
      return text;
    }),
  ]);
  return Object.fromEntries(waves) as Record<string, string[]>;
}

test('each operation is in the wave of its purpose, and in its place in the service', () => {
  expect(print(EVERY_WAVE.live, EVERY_WAVE.desired)).toEqual({
    unblock: ['stop-daemon master'],
    probe: ['edit-service tcp://192.0.2.2:80 wlc', 'add-service tcp://192.0.2.4:80 mh'],
    make: [
      'edit-service tcp://192.0.2.1:80 rr',
      'add-destination tcp://192.0.2.1:80 10.0.0.4:80 1',
      'edit-destination tcp://192.0.2.1:80 10.0.0.1:80 2',
      'edit-destination tcp://192.0.2.1:80 10.0.0.2:80 5',
      'add-destination tcp://192.0.2.2:80 10.0.0.9:80 1',
      'add-destination tcp://192.0.2.2:80 [2001:db8::9]:80 1',
      'edit-service tcp://192.0.2.4:80 none',
      'add-destination tcp://192.0.2.4:80 10.0.0.1:80 1',
      'add-destination tcp://192.0.2.4:80 10.0.0.2:80 1',
      'edit-service tcp://192.0.2.4:80 mh',
      'add-service tcp://192.0.2.5:80 none',
      'add-destination tcp://192.0.2.5:80 10.0.0.1:80 1',
      'add-destination tcp://192.0.2.5:80 10.0.0.2:80 1',
      'edit-service tcp://192.0.2.5:80 rr',
    ],
    settle: ['set-timeouts tcp=60 tcp_fin=0 udp=0'],
    break: [
      'edit-destination tcp://192.0.2.1:80 10.0.0.3:80 0',
      'delete-destination tcp://192.0.2.2:80 10.0.0.1:80',
    ],
    remove: ['delete-service udp://192.0.2.3:53'],
  });
});

test('timeouts and daemons, which the kernel can refuse, come before anything is taken away', () => {
  const purposes = plan(EVERY_WAVE.live, EVERY_WAVE.desired).waves.map(({ purpose }) => purpose);
  expect(purposes.indexOf('settle')).toBeLessThan(purposes.indexOf('break'));
  const { settle, unblock, finish } = print(DAEMONS.live, DAEMONS.desired);
  expect([unblock, finish]).toEqual([undefined, undefined]);
  expect(settle).toEqual([
    'set-timeouts tcp=0 tcp_fin=0 udp=10',
    'stop-daemon master',
    'start-daemon master eth0',
    'start-daemon backup eth0',
  ]);
});

test('a daemon starts after the destinations that exclude it are deleted', () => {
  const live = tableOf({
    'fwmark:1': { destinations: { '10.0.0.1:0': 1, '[2001:db8::1]:0': { forward: 'tunnel' } } },
  });
  const desired = tableOf(
    { 'fwmark:1': { destinations: { '10.0.0.1:0': 1 } } },
    { daemons: [daemonOf('backup')] },
  );
  expect(Object.keys(print(live, desired))).toEqual(['break', 'finish']);
  expect(
    run(
      live,
      plan(live, desired).waves.flatMap(({ steps }) => steps.map(({ operation }) => operation)),
    ).refusals,
  ).toEqual([]);
});

test('weights are lowered before destinations are deleted', () => {
  const live = tableOf({
    'fwmark:1': { destinations: { '10.0.0.1:0': 1, '10.0.0.2:0': 5, '10.0.0.3:0': 1 } },
  });
  const desired = tableOf({ 'fwmark:1': { destinations: { '10.0.0.2:0': 2 } } });
  expect(print(live, desired)).toEqual({
    break: [
      'edit-destination fwmark:1 10.0.0.2:0 2',
      'delete-destination fwmark:1 10.0.0.1:0',
      'delete-destination fwmark:1 10.0.0.3:0',
    ],
  });
});

test('a new service without destinations or scheduler is added in one operation', () => {
  const live = tableOf({ 'fwmark:9': { scheduler: 'wlc' } });
  const desired = {
    'fwmark:9': { scheduler: 'wlc' },
    'fwmark:1': {},
    'fwmark:2': { scheduler: 'none', destinations: { '10.0.0.1:0': 1 } },
  };
  expect(print(live, tableOf(desired))).toEqual({
    make: [
      'add-service fwmark:1 wlc',
      'add-service fwmark:2 none',
      'add-destination fwmark:2 10.0.0.1:0 1',
    ],
  });
});

test('each scheduler and engine that no live service uses is probed once, at first', () => {
  const live = tableOf({ 'fwmark:1': { scheduler: 'rr' } });
  const desired = tableOf({
    'fwmark:1': { scheduler: 'sh' },
    'fwmark:2': { scheduler: 'sh' },
    'fwmark:3': { scheduler: 'mh' },
    'fwmark:4': { scheduler: 'rr', persistenceEngine: 'sip' },
    'fwmark:5': { scheduler: 'mh', persistenceEngine: 'sip' },
    'fwmark:6': { scheduler: 'none' },
  });
  const { probe } = print(live, desired);
  expect(probe).toEqual([
    'edit-service fwmark:1 sh',
    'add-service fwmark:3 mh',
    'add-service fwmark:4 rr',
  ]);
});

test('a service that schedules nothing yet is scheduled when its pool is complete', () => {
  const live = tableOf({ 'fwmark:1': { scheduler: 'none', destinations: { '10.0.0.1:0': 1 } } });
  const desired = tableOf({
    'fwmark:1': { scheduler: 'mh', destinations: { '10.0.0.1:0': 5, '10.0.0.2:0': 1 } },
  });
  expect(print(live, desired)).toEqual({
    make: [
      'add-destination fwmark:1 10.0.0.2:0 1',
      'edit-destination fwmark:1 10.0.0.1:0 5',
      'edit-service fwmark:1 mh',
    ],
  });
});

test('a scheduler is taken away after everything else was added and edited', () => {
  const live = tableOf({ 'fwmark:1': { scheduler: 'rr', destinations: { '10.0.0.1:0': 1 } } });
  const desired = tableOf({
    'fwmark:1': { scheduler: 'none', destinations: { '10.0.0.1:0': 0, '10.0.0.2:0': 1 } },
  });
  expect(print(live, desired)).toEqual({
    make: ['add-destination fwmark:1 10.0.0.2:0 1'],
    break: ['edit-service fwmark:1 none', 'edit-destination fwmark:1 10.0.0.1:0 0'],
  });
});

test('the plan between equal tables is empty', () => {
  expect(plan(EVERY_WAVE.live, EVERY_WAVE.live)).toMatchObject({ changes: [], waves: [] });
});

test('changes are sorted: services before their destinations, settings last', () => {
  const { changes } = plan(DAEMONS.live, {
    ...DAEMONS.desired,
    services: EVERY_WAVE.desired.services,
  });
  const names = changes.map((change) =>
    'service' in change ? `${change.object} ${change.service}` : change.object,
  );
  expect(names).toEqual([
    'service tcp://192.0.2.1:80',
    'destination tcp://192.0.2.1:80',
    'destination tcp://192.0.2.1:80',
    'destination tcp://192.0.2.1:80',
    'destination tcp://192.0.2.1:80',
    'service tcp://192.0.2.2:80',
    'destination tcp://192.0.2.2:80',
    'destination tcp://192.0.2.2:80',
    'service tcp://192.0.2.4:80',
    'destination tcp://192.0.2.4:80',
    'destination tcp://192.0.2.4:80',
    'service tcp://192.0.2.5:80',
    'destination tcp://192.0.2.5:80',
    'destination tcp://192.0.2.5:80',
    'timeouts',
    'daemon',
    'daemon',
  ]);
});
