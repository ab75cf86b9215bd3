import { expect, test } from 'vitest';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import { daemonOf, destinationKeyOf, keyOf, servicesOf } from '../support/tables.ts';

function read(...lines: string[]) {
  return parseScript(lines.join('\n'), 'rules');
}

/** `line:column CODE message` of each issue. */
function issues(...lines: string[]): string[] {
  return read(...lines).issues.map(
    ({ position, code, message }) => `${position.line}:${position.column} ${code} ${message}`,
  );
}

test('a shell script of plain lines is read as the table after its last line', () => {
  const { desired, issues: found } = read(
    '#!/bin/sh',
    'ipvsadm -C   # start afresh',
    '/sbin/ipvsadm --add-service --tcp-service=192.0.2.1:80 --scheduler wrr',
    'sudo ipvsadm -a -r "10.0.0.2" -t \'192.0.2.1:80\' \\',
    '    -m -w 3\r',
    '-a -t 192.0.2.1:80 -r 10.0.0.3 -g',
    '-A -f 7 -6',
    '-e -t 192.0.2.1:80 -r 10.0.0.3 -w 0',
    '-d -t 192.0.2.1:80 -r 10.0.0.2',
    '-A -u 192.0.2.1:53',
    '-D -u 192.0.2.1:53',
    '--set 0 60 0',
    '--start-daemon backup --mcast-interface eth1 --syncid 7',
  );
  expect(found).toEqual([]);
  expect(desired?.services).toEqual(
    servicesOf({
      'tcp://192.0.2.1:80': { scheduler: 'wrr', destinations: { '10.0.0.3:80': 0 } },
      'fwmark:7/ipv6': {},
    }),
  );
  expect(desired?.timeouts).toEqual({ tcpFin: 60 });
  expect(desired?.daemons).toEqual([
    daemonOf('backup', {
      interface: 'eth1',
      syncId: 7,
      maxLength: 0,
      group: undefined,
      port: 0,
      ttl: 0,
    }),
  ]);
});

test('-C removes the services of the lines before it', () => {
  expect(read('-A -t 192.0.2.1:80', '-C', '-A -t 192.0.2.2:80').desired?.services).toEqual(
    servicesOf({ 'tcp://192.0.2.2:80': {} }),
  );
  expect(read('-C').desired?.services.size).toBe(0);
});

test('a service or destination is located at the last line that wrote it', () => {
  const { desired } = read(
    '-A -t 192.0.2.1:80',
    '-a -t 192.0.2.1:80 -r 10.0.0.2',
    '',
    '-e -t 192.0.2.1:80 -r 10.0.0.2 -w 3',
  );
  expect(desired?.locate(keyOf('tcp://192.0.2.1:80'))).toEqual({
    file: 'rules',
    line: 1,
    column: 4,
  });
  expect(desired?.locate(keyOf('tcp://192.0.2.1:80'), destinationKeyOf('10.0.0.2:80'))).toEqual({
    file: 'rules',
    line: 4,
    column: 20,
  });
  expect(desired?.locate(keyOf('tcp://192.0.2.9:80'))).toBeUndefined();
});

test('all errors are reported together, each at its word', () => {
  expect(
    issues(
      '-A -t 192.0.2.1:80 -w 3',
      '-a -t 192.0.2.1:80 -r 10.0.0.2 -w many',
      'for i in 1 2; do',
      '  ipvsadm -A -t $VIP:80',
      '-A -u 192.0.2.1:53 -q',
      '-A -t 192.0.2.2:80 "-s',
      '-x 5',
    ),
  ).toEqual([
    "1:20 IPVSADM_LINE Illegal 'weight' option with the 'add-service' command",
    '2:35 IPVSADM_LINE illegal weight specified',
    '3:1 IPVSADM_LINE "for" is not an ipvsadm command',
    '4:17 IPVSADM_LINE "$" needs a shell',
    '5:20 IPVSADM_LINE -q: unknown option',
    '6:20 IPVSADM_LINE the quote is not closed on this line',
    '7:1 IPVSADM_LINE the line has no command',
  ]);
});

test('a script with errors gives no desired state', () => {
  expect(read('-A -t 192.0.2.1:80', '-A -t nonsense').desired).toBeUndefined();
});

test('a duplicate is reported with both places', () => {
  const { issues: found } = read('-A -t 192.0.2.1:80', '', '  -A -t 192.0.2.1:80');
  expect(found).toMatchObject([
    {
      code: 'DUPLICATE',
      position: { line: 3, column: 6 },
      related: { position: { line: 1, column: 4 } },
    },
  ]);
});

test('a line that changes a missing entry is an error', () => {
  expect(
    issues(
      '-C',
      '-E -t 192.0.2.1:80',
      '-D -t 192.0.2.1:80',
      '-a -t 192.0.2.1:80 -r 10.0.0.2',
      '-A -f 1',
      '-e -f 1 -r 10.0.0.2',
      '-d -f 1 -r 10.0.0.2',
    ),
  ).toEqual([
    '2:4 IPVSADM_LINE No such service',
    '3:4 IPVSADM_LINE No such service',
    '4:20 IPVSADM_LINE Service not defined',
    '6:9 IPVSADM_LINE No such destination',
    '7:9 IPVSADM_LINE No such destination',
  ]);
});

test('servers of a service with a wrong line are not reported', () => {
  expect(issues('-A -t 192.0.2.1:80 -w 3', '-a -t 192.0.2.1:80 -r 10.0.0.2')).toHaveLength(1);
});

test('a line without effect on the desired state is a warning, and -R is an error', () => {
  const { desired, issues: found } = read(
    '-A -t 192.0.2.1:80',
    '-L -n',
    '-Z',
    '-S',
    '--stop-daemon master',
    'ipvsadm',
  );
  expect(found.map(({ code, severity, position }) => [code, severity, position.line])).toEqual(
    [2, 3, 4, 5, 6].map((line) => ['NOT_DECLARATIVE', 'warning', line]),
  );
  expect(desired?.services.size).toBe(1);
  expect(read('-R').issues).toMatchObject([{ code: 'NOT_DECLARATIVE', severity: 'error' }]);
});

test('names are refused with a hint, unless they can be resolved', () => {
  expect(read('-A -t www.example.com:80').issues).toMatchObject([
    { hint: expect.stringContaining('`ipvsadm -Sn`') },
  ]);
  expect(read('-A -t 192.0.2.1:shop').issues).toMatchObject([
    { hint: 'write the port as a number' },
  ]);
  const names = { address: () => undefined, port: () => 80 };
  expect(parseScript('-A -t 192.0.2.1:shop', 'rules', names).desired?.services).toEqual(
    servicesOf({ 'tcp://192.0.2.1:80': {} }),
  );
});

test('an option with a surprising effect is a warning', () => {
  expect(
    issues(
      '-A -t 010.0.0.1:80',
      '-a -t 8.0.0.1:80 -r 10.0.0.2:8080',
      '-A -t 8.0.0.2:80 -M 255.0.0.0',
      '-A -f 1 -s rrr',
    ),
  ).toEqual([
    '1:7 ADDRESS 010.0.0.1 means 8.0.0.1',
    "2:18 PORT port 8080 is replaced by the service's port 80: 'route' cannot change ports, only -m can",
    "3:18 NO_EFFECT -M has no effect without -p, and 'ipvsadm -S' loses it",
    '4:1 SCHEDULER the mainline kernel has no scheduler "rrr"',
  ]);
});

test('a destination that every kernel refuses is an error', () => {
  expect(
    issues(
      '-A -t 192.0.2.1:80',
      '-a -t 192.0.2.1:80 -r 10.0.0.2 -y 5',
      '-a -t 192.0.2.1:80 -r 224.0.0.5',
    ),
  ).toEqual([
    '2:20 THRESHOLD the lower threshold 5 is above the upper threshold 0',
    '3:20 ADDRESS 224.0.0.5 cannot be a destination: it is a multicast address',
  ]);
});

test('a timeout that some kernels refuse is an error at its line', () => {
  expect(issues('-C', '--set 0 0 2147483')).toEqual([]);
  expect(issues('-C', '--set 2147484 0 0')).toEqual([
    '2:1 OUT_OF_RANGE a timeout is from 1 to 2147483 seconds, not 2147484',
  ]);
});

test('a sync daemon beside a destination of another family than its service is an error', () => {
  const mixed = ['-A -f 1', '-a -f 1 -r [2001:db8::1]:80 -i'];
  expect(issues(...mixed, '--start-daemon master')).toEqual([
    '2:9 CONFLICT [2001:db8::1]:80 is of another family than its service fwmark:1: the kernel allows that only while no sync daemon runs',
  ]);
  expect(issues(...mixed)).toEqual([]);
});

test('a script that neither adds a service nor clears the table is an error', () => {
  expect(issues('')).toEqual([
    '1:1 EMPTY this ipvsadm save text adds no service, and does not clear the table',
  ]);
  expect(issues('# -C', '--set 1 2 3')).toEqual([
    '1:1 EMPTY this ipvsadm save text adds no service, and does not clear the table',
  ]);
});
