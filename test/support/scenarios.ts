import type { Desired } from '../../src/model/desired.ts';
import type { Table } from '../../src/model/table.ts';
import type { Allowances } from '../../src/plan/guard.ts';
import { daemonOf, tableOf, wholly } from './tables.ts';

export interface Scenario {
  readonly live: Table;
  readonly desired: Table;
}

/**
 * A plan with a wave of every purpose: a daemon that must stop first, a scheduler to probe, and
 * pools that grow, shift, shrink and are deleted.
 */
export const EVERY_WAVE: Scenario = {
  live: tableOf(
    {
      'tcp://192.0.2.1:80': {
        scheduler: 'rr',
        destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 5, '10.0.0.3:80': 9 },
      },
      'tcp://192.0.2.2:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 1 } },
      'udp://192.0.2.3:53': {
        scheduler: 'rr',
        destinations: { '10.0.0.1:53': 1, '10.0.0.2:53': 1 },
      },
    },
    { daemons: [daemonOf('master')] },
  ),
  desired: tableOf(
    {
      'tcp://192.0.2.1:80': {
        scheduler: 'rr',
        persistent: true,
        persistenceTimeoutSeconds: 360,
        destinations: {
          '10.0.0.1:80': 2,
          '10.0.0.2:80': { weight: 5, forward: 'masq' },
          '10.0.0.3:80': 0,
          '10.0.0.4:80': 1,
        },
      },
      'tcp://192.0.2.2:80': {
        scheduler: 'wlc',
        destinations: { '10.0.0.9:80': 1, '[2001:db8::9]:80': { forward: 'tunnel' } },
      },
      'tcp://192.0.2.4:80': {
        scheduler: 'mh',
        destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 },
      },
      'tcp://192.0.2.5:80': {
        scheduler: 'rr',
        destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 },
      },
    },
    { timeouts: { tcp: 60 } },
  ),
};

/**
 * A plan that ends with daemons: one is replaced, and another one starts with the kernel's length.
 */
export const DAEMONS: Scenario = {
  live: tableOf(
    { 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } },
    { daemons: [daemonOf('master')] },
  ),
  desired: tableOf(
    { 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 2, '10.0.0.2:80': 1 } } },
    {
      timeouts: { udp: 10 },
      daemons: [daemonOf('master', { syncId: 2 }), daemonOf('backup', { maxLength: 0 })],
    },
  ),
};

/** The permission for everything that a guard would stop. */
export const EVERYTHING_ALLOWED: Allowances = {
  maxServiceDeletes: { kind: 'off' },
  unserved: true,
  empty: true,
};

/** The desired state of a file that declares a whole table. No guard limits its deletions. */
export function wants(table: Table, rest: Partial<Desired> = {}): Desired {
  return wholly(table, { limits: { maxServiceDeletes: { kind: 'off' } }, ...rest });
}
