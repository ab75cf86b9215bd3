import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NUMERIC_ONLY } from '../../src/formats/ipvsadm/grammar/names.ts';
import { parseCommand } from '../../src/formats/ipvsadm/grammar/parse.ts';
import { formatOperationAsIpvsadm } from '../../src/formats/ipvsadm/lines.ts';
import { DEFAULT_DESTINATION_SETTINGS } from '../../src/model/destination.ts';
import type { Operation } from '../../src/model/operation.ts';
import { holds } from '../support/properties.ts';
import { saveableEntries } from '../support/saveable-tables.ts';
import { daemonOf, destinationOf, serviceOf } from '../support/tables.ts';

const service = serviceOf('tcp://10.0.0.1:80');

test.each<[string, Operation]>([
  [
    'ipvsadm -A -t 10.0.0.1:80 -s none',
    { kind: 'add-service', service: { ...service, scheduler: 'none' } },
  ],
  [
    'ipvsadm -E -t 10.0.0.1:80 -s wlc -M 255.0.0.0',
    { kind: 'edit-service', service: { ...service, persistenceNetmask: 0xff00_0000 } },
  ],
  // ipvsadm refuses `-o` for TCP, where it has no effect.
  [
    'ipvsadm -A -t 10.0.0.1:80 -s none',
    {
      kind: 'add-service',
      service: serviceOf('tcp://10.0.0.1:80', { scheduler: 'none', onePacket: true }),
    },
  ],
  ['ipvsadm -D -f 7 -6', { kind: 'delete-service', service: serviceOf('fwmark:7/ipv6').identity }],
  [
    'ipvsadm -e -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 3',
    {
      kind: 'edit-destination',
      service: service.identity,
      destination: destinationOf('10.0.0.2:80', { forward: 'masq', weight: 3 }),
    },
  ],
  [
    'ipvsadm -d -t 10.0.0.1:80 -r 10.0.0.2:8080',
    {
      kind: 'delete-destination',
      service: service.identity,
      destination: destinationOf('10.0.0.2:8080', { forward: 'masq', weight: 3 }),
    },
  ],
  ['ipvsadm --set 900 0 5', { kind: 'set-timeouts', timeouts: { tcp: 900, tcpFin: 0, udp: 5 } }],
  [
    'ipvsadm --start-daemon master --mcast-interface eth0 --syncid 1',
    {
      kind: 'start-daemon',
      daemon: daemonOf('master', { maxLength: 0, group: undefined, port: 0, ttl: 0 }),
    },
  ],
  [
    'ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 1 --sync-maxlen 1472 --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 1',
    { kind: 'start-daemon', daemon: daemonOf('backup') },
  ],
  ['ipvsadm --stop-daemon backup', { kind: 'stop-daemon', role: 'backup' }],
  ['ipvsadm -Z', { kind: 'zero', service: undefined }],
  ['ipvsadm -Z -t 10.0.0.1:80', { kind: 'zero', service: service.identity }],
  ['ipvsadm -C', { kind: 'flush' }],
])('an operation is written as the line %s', (line, operation) => {
  expect(formatOperationAsIpvsadm(operation)).toBe(line);
});

const operations: fc.Arbitrary<Operation> = saveableEntries.chain(
  ({ service: { identity }, service: each, destinations }) => {
    const [destination] = destinations.values();
    const bare = destination && { ...destination, ...DEFAULT_DESTINATION_SETTINGS };
    return fc.constantFrom<Operation>(
      { kind: 'add-service', service: each },
      { kind: 'edit-service', service: each },
      { kind: 'delete-service', service: identity },
      { kind: 'zero', service: identity },
      ...(destination && bare
        ? ([
            { kind: 'add-destination', service: identity, destination },
            { kind: 'edit-destination', service: identity, destination },
            { kind: 'delete-destination', service: identity, destination: bare },
          ] as const)
        : []),
    );
  },
);

test('parseCommand reads the line of an operation as the same operation', () =>
  holds(
    fc.property(operations, (operation) => {
      const [, ...argv] = formatOperationAsIpvsadm(operation).split(' ');
      const command = parseCommand(argv, {
        programName: 'ipvsadm',
        names: NUMERIC_ONLY,
        signedMarks: false,
      });
      expect(command).toMatchObject({ kind: 'modify', cautions: [] });
      expect(command.kind === 'modify' && command.operation).toEqual(operation);
    }),
  ));
