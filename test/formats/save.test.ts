import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatSave, saveLosses } from '../../src/formats/ipvsadm/save.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { saveableTables } from '../support/saveable-tables.ts';
import { daemonOf, tableOf } from '../support/tables.ts';

test('services and servers are sorted by the values of their addresses and ports, with marks last', () => {
  const masq = { forward: 'masq' } as const;
  const table = tableOf({
    'fwmark:4294967295': {},
    'fwmark:7/ipv6': {},
    'fwmark:7': {},
    'udp://10.0.0.1:53': {},
    'tcp://[2001:db8::1]:80': {},
    'tcp://192.168.0.1:80': {
      destinations: { '192.0.2.1:80': masq, '10.0.0.1:81': masq, '10.0.0.1:80': masq },
    },
    'tcp://10.0.0.1:443': {},
    'tcp://10.0.0.1:80': {},
  });
  expect(formatSave(table).split('\n')).toEqual([
    '-A -t 10.0.0.1:80 -s wlc',
    '-A -t 10.0.0.1:443 -s wlc',
    '-A -t 192.168.0.1:80 -s wlc',
    '-a -t 192.168.0.1:80 -r 10.0.0.1:80 -m -w 1',
    '-a -t 192.168.0.1:80 -r 10.0.0.1:81 -m -w 1',
    '-a -t 192.168.0.1:80 -r 192.0.2.1:80 -m -w 1',
    '-A -u 10.0.0.1:53 -s wlc',
    '-A -t [2001:db8::1]:80 -s wlc',
    '-A -f 7 -s wlc',
    '-A -f 7 -6 -s wlc',
    '-A -f 4294967295 -s wlc',
    '',
  ]);
});

test('thresholds and the third scheduler flag are saved, unlike by ipvsadm', () => {
  const table = tableOf({
    'tcp://10.0.0.1:80': {
      scheduler: 'sh',
      schedulerFlags: 0x28,
      destinations: { '10.0.0.2:80': { upperThreshold: 9, lowerThreshold: 4 } },
    },
  });
  expect(formatSave(table)).toBe(
    '-A -t 10.0.0.1:80 -s sh -b sh-fallback,flag-3\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 1 -x 9 -y 4\n',
  );
});

test('an empty table is saved as an empty text', () => {
  expect(formatSave(tableOf({}))).toBe('');
});

function roundTrip(format: typeof formatSave) {
  return fc.property(saveableTables, (table) => {
    const { desired, issues } = parseScript(format(table), 'saved');
    expect(issues).toEqual([]);
    expect(desired?.services).toEqual(table.services);
  });
}

test('a saved table is read as the same services', () => holds(roundTrip(formatSave)));

test('the round trip of saved tables fails when thresholds are lost', () =>
  isBrokenBy(roundTrip((table) => formatSave(table).replace(/ -[xy] \d+/g, ''))));

test('saveLosses names each part of a table that a save file cannot hold', () => {
  const plain = tableOf({ 'tcp://10.0.0.1:80': { destinations: { '10.0.0.2:80': 1 } } });
  expect(saveLosses(plain)).toEqual([]);
  const table = tableOf(
    {
      'tcp://10.0.0.1:0': {},
      'tcp://10.0.0.1:80': {
        onePacket: true,
        persistenceNetmask: 0xff00_0000,
        destinations: { '10.0.0.2:81': 1, '10.0.0.2:82': 1, '10.0.0.3:80': 1, '10.0.0.3:81': 1 },
      },
    },
    { timeouts: { udp: 5 }, daemons: [daemonOf('master')] },
  );
  expect(saveLosses(table)).toEqual([
    'the timeouts 900 120 5 (tcp, tcp_fin, udp)',
    'the master sync daemon on eth0',
    'tcp://10.0.0.1:0, which is not persistent: ipvsadm refuses its port 0',
    'the netmask of tcp://10.0.0.1:80, which is not persistent',
    'the flag of tcp://10.0.0.1:80: ipvsadm refuses one-packet scheduling of tcp',
    "the port of 10.0.0.2:81 of tcp://10.0.0.1:80: ipvsadm gives 'route' the service's port",
    "10.0.0.2:82 of tcp://10.0.0.1:80: ipvsadm gives 'route' the service's port, which another destination has",
    "10.0.0.3:81 of tcp://10.0.0.1:80: ipvsadm gives 'route' the service's port, which another destination has",
  ]);
  expect(formatSave(table)).toBe(
    [
      '-A -t 10.0.0.1:80 -s wlc\n',
      '-a -t 10.0.0.1:80 -r 10.0.0.2:81 -g -w 1\n',
      '-a -t 10.0.0.1:80 -r 10.0.0.3:80 -g -w 1\n',
    ].join(''),
  );
});
