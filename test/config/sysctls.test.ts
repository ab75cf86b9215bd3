import { expect, it } from 'vitest';
import { briefProblemsOf, desiredOf } from '../support/config-problems.ts';

function text(values: string): string {
  return `version: 1\nsysctls: { values: { ${values} } }\nservices: []\n`;
}

it('sysctls are checked by default, and written with mode: enforce', () => {
  expect(desiredOf(text('conntrack: 1')).policy?.sysctls?.mode).toBe('check');
  expect(
    desiredOf(text('conntrack: 1').replace('{ values', '{ mode: enforce, values')).policy?.sysctls
      ?.mode,
  ).toBe('enforce');
});

it.each([
  ['expire_nodest_conn: 1', '1'],
  ['expire_nodest_conn: true', '1'],
  ['expire_nodest_conn: false', '0'],
  ['expire_nodest_conn: "1"', '1'],
  ['sync_threshold: "3  50"', '3 50'],
  ['sync_threshold: "3\\t0"', '3 0'],
  ['est_cpulist: "0-3,5"', '0-3,5'],
  ['est_cpulist: ""', ''],
  ['est_nice: -20', '-20'],
  ['sync_ports: 64', '64'],
  ['conn_max: 1073741824', '1073741824'],
  ['lblc_expiration: 86400', '86400'],
])('a sysctl of %s has the value that the kernel shows', (pair, value) => {
  expect(briefProblemsOf(text(pair))).toEqual([]);
  expect([...(desiredOf(text(pair)).policy?.sysctls?.values.values() ?? [])]).toEqual([value]);
});

it.each([
  ['conntrack: 2', '33 error SYSCTL: conntrack cannot be "2" => write a whole number from 0 to 1'],
  [
    'conntrack: on',
    '33 error SYSCTL: conntrack cannot be "on" => write a whole number from 0 to 1',
  ],
  [
    'conntrack: "1 1"',
    '33 error SYSCTL: conntrack cannot be "1 1" => write a whole number from 0 to 1',
  ],
  [
    'conntrack: "01"',
    '33 error SYSCTL: conntrack cannot be "01" => write a whole number from 0 to 1',
  ],
  [
    'drop_entry: 4',
    '34 error SYSCTL: drop_entry cannot be "4" => write a whole number from 0 to 3',
  ],
  [
    'sync_ports: 3',
    '34 error SYSCTL: sync_ports cannot be "3" => write a power of two from 1 to 64',
  ],
  [
    'sync_ports: 128',
    '34 error SYSCTL: sync_ports cannot be "128" => write a power of two from 1 to 64',
  ],
  [
    'sync_threshold: 3',
    '38 error SYSCTL: sync_threshold cannot be "3" => write two numbers, the first below the second, such as "3 50"',
  ],
  [
    'sync_threshold: "50 3"',
    '38 error SYSCTL: sync_threshold cannot be "50 3" => write two numbers, the first below the second, such as "3 50"',
  ],
  [
    'est_cpulist: "3-1"',
    '35 error SYSCTL: est_cpulist cannot be "3-1" => write CPUs such as "0-3,5"',
  ],
  [
    'est_nice: 20',
    '32 error SYSCTL: est_nice cannot be "20" => write a whole number from -20 to 19',
  ],
  [
    'net.ipv4.vs.conntrack: 1',
    '22 error SYSCTL: "net.ipv4.vs.conntrack" is not the name of an IPVS sysctl => write conntrack',
  ],
  [
    '../x: 1',
    '22 error SYSCTL: "../x" is not the name of an IPVS sysctl => a name has small letters, digits and _',
  ],
  [
    'contrack: 1',
    '22 warning SYSCTL: no known kernel has the sysctl net.ipv4.vs.contrack => did you mean "conntrack"?',
  ],
  [
    'later_setting: 1',
    '22 warning SYSCTL: no known kernel has the sysctl net.ipv4.vs.later_setting',
  ],
  [
    'later_setting: ""',
    '22 warning SYSCTL: no known kernel has the sysctl net.ipv4.vs.later_setting',
  ],
  [
    'debug_level: 1',
    '22 warning SYSCTL: debug_level is one for all network namespaces, and fills the log of the kernel => set it by hand for as long as it is needed',
  ],
  [
    'conntrack: 1.5',
    '33 error WRONG_TYPE: conntrack is 1.5; it must be a whole number, true or false, text => put it in quotes',
  ],
  [
    'conntrack: [1]',
    '33 error WRONG_TYPE: conntrack is a list; it must be a whole number, true or false, text',
  ],
])('a sysctl with %s has a problem', (pair, problem) => {
  expect(briefProblemsOf(text(pair))[0]).toBe(`2:${problem}`);
});

it('a sysctl with control characters is refused in every spelling', () => {
  expect(briefProblemsOf(text('later_setting: "a\\u0007b"'))[1]).toContain(
    'error SYSCTL: later_setting cannot be',
  );
});

it.each([
  ['sysctls: {}', '10 error MISSING_KEY: "sysctls" needs the key "values"'],
  [
    'sysctls: { mode: on, values: {} }',
    '18 error BAD_VALUE: mode cannot be "on" => allowed: enforce, check',
  ],
  [
    'sysctls: { value: {} }',
    '12 error UNKNOWN_KEY: "sysctls" has no key "value" => did you mean "values"?',
  ],
])('sysctls written as %s are refused', (line, problem) => {
  expect(briefProblemsOf(`version: 1\n${line}\nservices: []\n`)).toEqual([`2:${problem}`]);
});
