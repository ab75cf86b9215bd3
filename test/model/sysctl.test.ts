import { expect, test } from 'vitest';
import schema from '../../schemas/config.schema.json' with { type: 'json' };
import {
  formatMissingSysctl,
  KERNELS_OF_SYSCTLS,
  parseCpus,
  SYSCTLS,
  sameSysctl,
  trimSysctl,
} from '../../src/model/sysctl.ts';

test('sysctl values that differ only in blanks are equal', () => {
  expect(trimSysctl('3\t50\n')).toBe('3 50');
  expect(trimSysctl('\n')).toBe('');
});

test.each([
  ['drop_entry', '1', '2', true],
  ['secure_tcp', '2', '1', true],
  ['drop_packet', '0', '1', false],
  ['drop_packet', '3', '2', false],
  ['conn_reuse_mode', '1', '2', false],
  ['est_cpulist', '0-3,5', '5,0,1,2-3', true],
  ['est_cpulist', '0-3', '0-3,5', false],
  ['est_cpulist', '', '0', false],
  ['est_cpulist', 'all', '0', false],
  ['unknown', 'a', 'a', true],
])('%s: %s and %s are the same: %s', (name, a, b, same) => {
  expect(sameSysctl(name, a, b)).toBe(same);
});

test('a list of CPUs with a very large range is read without listing every CPU', () => {
  expect(parseCpus('0-999999,7')).toEqual(['0-999999']);
  expect(parseCpus('0-99999999')).toBeUndefined();
});

test('the schema names each sysctl of newer kernels, and the kernel that brought it', () => {
  const { properties } = schema.properties.sysctls.properties.values;
  const named = Object.entries(properties).map(([name, { description }]) => [
    name,
    /Since Linux (\S+)\.$/.exec(description)?.[1],
  ]);
  expect(named).toEqual([...KERNELS_OF_SYSCTLS]);
  expect([...KERNELS_OF_SYSCTLS.keys()].filter((name) => !SYSCTLS.has(name))).toEqual([]);
});

test('a missing sysctl is named with the kernel that brought it, where that is known', () => {
  expect(formatMissingSysctl('conn_lfactor')).toBe('net.ipv4.vs.conn_lfactor (since Linux 7.1)');
  expect(formatMissingSysctl('conntrack')).toBe('net.ipv4.vs.conntrack');
});
