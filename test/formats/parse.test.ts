import { expect, test } from 'vitest';
import type { Names } from '../../src/formats/ipvsadm/grammar/names.ts';
import { parseCommand } from '../../src/formats/ipvsadm/grammar/parse.ts';
import { parseAddress } from '../../src/model/address.ts';
import { destinationOf, serviceOf } from '../support/tables.ts';

const names: Names = {
  address: (host) => (host === 'vip' ? parseAddress('192.0.2.1') : undefined),
  port: (service, protocol) => (service === 'http' && protocol !== 'udp' ? 80 : undefined),
};

function parse(...argv: string[]) {
  return parseCommand(argv, { programName: 'ipvsadm', names, signedMarks: false });
}

function operation(...argv: string[]) {
  const command = parse(...argv);
  if (command.kind !== 'modify') throw new Error(`not an operation: ${JSON.stringify(command)}`);
  return command.operation;
}

function refusal(...argv: string[]): string {
  const command = parse(...argv);
  if (command.kind !== 'failure') throw new Error(`not refused: ${JSON.stringify(command)}`);
  return `${command.exit} ${command.message}`;
}

test("a service has ipvsadm's default for each missing option", () => {
  expect(operation('-A', '-t', '192.0.2.1:80')).toEqual({
    kind: 'add-service',
    service: serviceOf('tcp://192.0.2.1:80'),
  });
});

test('every setting of a service is read', () => {
  const settings = {
    scheduler: 'sh',
    schedulerFlags: 0x18,
    persistent: true,
    persistenceTimeoutSeconds: 60,
    persistenceNetmask: 0xffffff00,
  };
  expect(
    operation(
      '-E',
      '-t192.0.2.1:http',
      '-s=sh',
      '-b',
      'sh-port,sh-fallback',
      '-p60',
      '-M',
      '255.255.255.0',
      '--pe',
      'sip',
    ),
  ).toEqual({
    kind: 'edit-service',
    service: serviceOf('tcp://192.0.2.1:80', { ...settings, persistenceEngine: 'sip' }),
  });
});

test('every setting of a destination is read', () => {
  const line =
    '-a -u [2001:db8::1]:53 -r 10.0.0.2 -iw5 -x 20 -y 10 --tun-type gue --tun-port 6080 --tun-remcsum';
  expect(operation(...line.split(' '))).toEqual({
    kind: 'add-destination',
    service: serviceOf('udp://[2001:db8::1]:53').identity,
    destination: destinationOf('10.0.0.2:53', {
      ...{ forward: 'tunnel', weight: 5, upperThreshold: 20, lowerThreshold: 10 },
      ...{ tunnelType: 'gue', tunnelPort: 6080, tunnelChecksum: 'remcsum' },
    }),
  });
});

test('a server before its service takes the port of the service and may have a port name, unlike in ipvsadm', () => {
  const expected = operation('-a', '-t', 'vip:http', '-r', '10.0.0.2', '-m');
  expect(operation('-a', '-r', '10.0.0.2', '-m', '-t', 'vip:http')).toEqual(expected);
  expect(operation('-a', '-r', '10.0.0.2:http', '-m', '-t', 'vip:http')).toEqual(expected);
});

test('a netmask before its IPv6 service keeps its value, unlike in ipvsadm', () => {
  const expected = serviceOf('tcp://[2001:db8::1]:80', {
    persistent: true,
    persistenceTimeoutSeconds: 360,
    persistenceNetmask: 64,
  });
  expect(operation('-A', '-M', '64', '-p', '-t', '[2001:db8::1]:80')).toEqual({
    kind: 'add-service',
    service: expected,
  });
});

test.each([
  ['24', undefined],
  ['/24', 0xffffff00],
  ['/0', 0],
  ['0xffff0000', 0xffff0000],
  ['0.0.0.24', 24],
  ['/33', undefined],
  ['', undefined],
])('the IPv4 netmask "%s" is read as %s', (text, expected) => {
  const command = parse('-A', '-t', '192.0.2.1:80', '-p', '-M', text);
  if (expected === undefined)
    expect(command).toMatchObject({ message: 'illegal virtual server persistent mask specified' });
  else expect(command).toMatchObject({ operation: { service: { persistenceNetmask: expected } } });
});

test.each([
  ['10.1:80', 'tcp://10.0.0.1:80'],
  ['167772161:80', 'tcp://10.0.0.1:80'],
  ['010.0.0.1:80', 'tcp://8.0.0.1:80'],
  ['0x0a.0x1:80', 'tcp://10.0.0.1:80'],
  ['10.0.0.1 x:80', 'tcp://10.0.0.1:80'],
  ['10.0.0.1:+080', 'tcp://10.0.0.1:80'],
  ['2001:DB8::1:80', 'tcp://[2001:db8::1:80]:0'],
  ['[10.0.0.1]:80', 'tcp://10.0.0.1:80'],
  ['vip:80', 'tcp://192.0.2.1:80'],
])('the service address "%s" is read as %s', (text, key) => {
  expect(operation('-D', '-t', text)).toEqual({
    kind: 'delete-service',
    service: serviceOf(key).identity,
  });
});

test.each([
  '',
  '80',
  '10.0.0.256:80',
  '10.0.0.1:',
  '10.0.0.1:65536',
  '10.0.0.1:80 ',
  '10.0.0.1:0x50',
  '[2001:db8::1]',
  '[2001:db8::1]80',
])('the service address "%s" is illegal', (text) => {
  expect(refusal('-D', '-t', text)).toBe('2 illegal virtual server address[:port] specified');
});

test.each([
  '08.0.0.1:80',
  '1.2.3.4.5:80',
  '1.:80',
  '0x:80',
  'nobody:80',
  'vip:nothing',
  ':80',
  '[vip:80',
  '[10.0.0.1:81]:80',
])('the server address "%s" is illegal', (text) => {
  expect(refusal('-d', '-t', 'vip:80', '-r', text)).toBe(
    '2 illegal real server address[:port] specified',
  );
});

test('the first wrong option is reported before words too many, scheduler flags, forbidden options and wrong combinations', () => {
  expect(refusal('-L', '-w', 'x', '-q')).toBe('2 illegal weight specified');
  expect(refusal('-L', '-q', '-w', 'x')).toBe('255 -q: unknown option');
  expect(refusal('-L', 'foo', '-w', '1')).toBe('2 unexpected argument foo');
  expect(refusal('-A', '-b', 'sh-port', '-n')).toBe("2 incompatible scheduler flag `sh-port'");
  expect(refusal('-A', '-t', '10.0.0.1', '-w', '1')).toBe(
    "2 Illegal 'weight' option with the 'add-service' command",
  );
  expect(refusal('-A', '-t', '10.0.0.1')).toBe('2 Zero port specified for non-persistent service');
});

test('a failure has the index of the wrong word', () => {
  expect(parse('-a', '-t', '10.0.0.1:80', '-r', '10.0.0.2', '-w', 'heavy')).toMatchObject({
    word: 6,
  });
  expect(parse('-A', '-t', '10.0.0.1:80', '-mw', '5')).toMatchObject({ word: 3 });
  expect(parse('-A', '-s', 'rr')).toMatchObject({ word: undefined });
});

test('a line that does not begin with a command is answered with a pointer to the help', () => {
  const line = "255 Try `ipvsadm -h' or 'ipvsadm --help' for more information.";
  expect(refusal('foo')).toBe(line);
  expect(refusal('-n')).toBe(line);
  expect(refusal('--nonsense')).toBe(line);
  expect(refusal('--start-daemon')).toBe(line);
});

test('a second command is refused as an invalid option', () => {
  expect(refusal('-L', '-C')).toBe("2 invalid option `-C'");
  expect(refusal('-LC')).toBe("2 invalid option `-LC'");
  expect(refusal('-L', '--start-daemon', 'master')).toBe("2 invalid option `master'");
});

test('only commas after -b mean no flags, unlike in ipvsadm, which crashes', () => {
  expect(operation('-A', '-t', 'vip:80', '-b', ',')).toEqual({
    kind: 'add-service',
    service: serviceOf('tcp://192.0.2.1:80'),
  });
});

test('an option with a surprising effect, which ipvsadm accepts in silence, has a caution', () => {
  const codes = (...argv: string[]) => {
    const command = parse(...argv);
    return command.kind === 'modify'
      ? command.cautions.map(({ code, word }) => [code, word])
      : command;
  };
  expect(codes('-A', '-t', 'vip:80', '-M', '255.255.0.0')).toEqual([['NO_EFFECT', 3]]);
  expect(codes('-a', '-t', 'vip:80', '-r', '10.0.0.1:81')).toEqual([['PORT', 3]]);
  expect(codes('-a', '-t', 'vip:80', '-r', '10.0.0.1:81', '-m')).toEqual([]);
  expect(codes('-D', '-t', '10.1:80')).toEqual([['ADDRESS', 2]]);
});

test('-Z with the all-zero address zeroes the counters of all services', () => {
  expect(operation('-Z', '-t', '0.0.0.0')).toEqual({ kind: 'zero', service: undefined });
  expect(operation('-Z', '-t', '[::]:0')).toEqual({ kind: 'zero', service: undefined });
  expect(operation('-Z', '-t', '0.0.0.0:1')).toEqual({
    kind: 'zero',
    service: serviceOf('tcp://0.0.0.0:1').identity,
  });
});

test("the timeouts of --set may stand anywhere, and a daemon has ipvsadm's defaults", () => {
  expect(operation('900', '--set', '120', '300')).toEqual({
    kind: 'set-timeouts',
    timeouts: { tcp: 900, tcpFin: 120, udp: 300 },
  });
  const daemon = {
    role: 'backup',
    interface: 'eth0',
    syncId: 0,
    maxLength: 0,
    group: undefined,
    port: 0,
    ttl: 0,
  };
  expect(operation('--start-daemon', 'backup')).toEqual({ kind: 'start-daemon', daemon });
});
