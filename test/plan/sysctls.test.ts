import { expect, test } from 'vitest';
import { formatOperationAsIpvsadm } from '../../src/formats/ipvsadm/lines.ts';
import type { SysctlPolicy } from '../../src/model/policy.ts';
import { plan } from '../../src/plan/plan.ts';
import { scope } from '../../src/plan/scope.ts';
import { sysctlDifferences } from '../../src/plan/sysctls.ts';
import { formatChanges } from '../../src/render/changes.ts';
import { operationsOf } from '../support/plan-runs.ts';
import { daemonOf, desiredOf, tableOf } from '../support/tables.ts';

const A = 'tcp://192.0.2.1:80';
const SYSCTLS = new Map(
  Object.entries({
    expire_nodest_conn: '0',
    sync_threshold: '3 50',
    drop_entry: '2',
    conntrack: '0',
  }),
);
const LIVE = { ...tableOf({ [A]: {} }), sysctls: SYSCTLS };

function policyOf(mode: SysctlPolicy['mode'], values: Readonly<Record<string, string>>) {
  return {
    manage: undefined,
    services: new Map(),
    sysctls: { mode, values: new Map(Object.entries(values)) },
  };
}

function planFor(
  values: Readonly<Record<string, string>>,
  mode: SysctlPolicy['mode'] = 'enforce',
  live = LIVE,
) {
  const desired = desiredOf(new Map(), {
    daemons: [daemonOf('master')],
    policy: policyOf(mode, values),
  });
  return plan(live, scope(desired, { table: live, counters: new Map(), unmanageable: [] }).table);
}

test('the sysctls of a file are written before daemons start and services are deleted', () => {
  const planned = planFor({ sync_threshold: '5 10', expire_nodest_conn: '1' });
  expect(planned.waves.map(({ purpose }) => purpose)).toEqual(['tune', 'settle', 'remove']);
  expect(operationsOf(planned).slice(0, 2).map(formatOperationAsIpvsadm)).toEqual([
    'sysctl -w net.ipv4.vs.expire_nodest_conn=1',
    "sysctl -w 'net.ipv4.vs.sync_threshold=5 10'",
  ]);
  const text = formatChanges(planned.changes, { counters: new Map() });
  expect(text).toContain(
    '~ sysctl expire_nodest_conn  0 -> 1\n~ sysctl sync_threshold  3 50 -> 5 10\n',
  );
});

test('a sysctl whose live value means the same is not written', () => {
  expect(planFor({ drop_entry: '1', conntrack: '0' }).waves.map(({ purpose }) => purpose)).toEqual([
    'settle',
    'remove',
  ]);
});

test('with mode: check, no sysctl is written, and the differences are reported', () => {
  expect(planFor({ conntrack: '1' }, 'check').waves.map(({ purpose }) => purpose)).toEqual([
    'settle',
    'remove',
  ]);
  expect(
    sysctlDifferences(
      policyOf('check', { conntrack: '1', drop_entry: '1', est_nice: '5' }).sysctls,
      SYSCTLS,
    ),
  ).toEqual([
    { name: 'conntrack', live: '0', desired: '1' },
    { name: 'est_nice', live: undefined, desired: '5' },
  ]);
  expect(sysctlDifferences(policyOf('enforce', { conntrack: '1' }).sysctls, SYSCTLS)).toEqual([]);
});

test('a sysctl that the kernel does not have is refused before anything is planned', () => {
  expect(() => planFor({ est_nice: '1', conntrack: '1', svc_lfactor: '1' })).toThrow(
    expect.objectContaining({
      code: 'UNAVAILABLE',
      message:
        'unsupported by this kernel: net.ipv4.vs.est_nice (since Linux 6.2), net.ipv4.vs.svc_lfactor (since Linux 7.1); nothing was changed',
    }),
  );
});

test('a sysctl of a scheduler is missing until its module is loaded, and the hint loads it', () => {
  expect(() => planFor({ lblc_expiration: '3600', lblcr_expiration: '3600' })).toThrow(
    expect.objectContaining({
      hint: 'Load the module that has it: modprobe -a ip_vs_lblc ip_vs_lblcr',
    }),
  );
  expect(() => planFor({ lblc_expiration: '3600', est_nice: '1' })).toThrow(
    expect.objectContaining({ hint: 'Take it out of sysctls, or write mode: check.' }),
  );
});

test('an empty value of a sysctl is shown as such', () => {
  const live = { ...LIVE, sysctls: new Map([...SYSCTLS, ['est_cpulist', '0-1']]) };
  const { changes } = planFor({ est_cpulist: '' }, 'enforce', live);
  expect(formatChanges(changes, { counters: new Map() })).toContain(
    '~ sysctl est_cpulist  0-1 -> (empty)\n',
  );
});

test('a table without sysctls gets no operation for them', () => {
  const { sysctls: _, ...unknown } = LIVE;
  expect(
    planFor({ conntrack: '1' }, 'enforce', unknown as typeof LIVE).waves.map(
      ({ purpose }) => purpose,
    ),
  ).toEqual(['settle', 'remove']);
  expect(sysctlDifferences(policyOf('check', { conntrack: '1' }).sysctls, undefined)).toEqual([]);
});

test('with --only, sysctls are left alone', () => {
  const desired = desiredOf(LIVE.services, { policy: policyOf('enforce', { conntrack: '1' }) });
  expect(
    scope(desired, { table: LIVE, counters: new Map(), unmanageable: [] }, { only: () => true })
      .table,
  ).not.toHaveProperty('sysctls');
});
