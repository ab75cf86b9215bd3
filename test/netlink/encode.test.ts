import { describe, expect, test } from 'vitest';
import type { Operation } from '../../src/model/operation.ts';
import { adding, deleteService, onDestination } from '../contract/operations.ts';
import { daemonOf, serviceOf } from '../support/tables.ts';
import { encoded, hex } from './messages.ts';

const SERVICE = 'tcp://10.0.0.1:80';
const V4 = (last: string) => `1400 0300 0a0000${last} 00000000 00000000 00000000`;
const SERVICE_KEY = hex(
  '0600 0100 0200 0000',
  '0600 0200 0600 0000',
  V4('01'),
  '0600 0400 0050 0000',
);

function header(length: number, command: number): string {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt16LE(28, 4);
  bytes.writeUInt16LE(1, 6);
  bytes.writeUInt32LE(1, 8);
  bytes[16] = command;
  bytes[17] = 1;
  return bytes.toString('hex');
}

function only(operations: readonly Operation[]): Operation {
  const [operation] = operations;
  if (!operation) throw new Error('no operation');
  return operation;
}

describe('an encoded request', () => {
  test('of a destination has the key of its service, its family and every setting', () => {
    const operation = onDestination('add-destination', SERVICE, '10.0.0.2:8080', {
      forward: 'masq',
    });
    expect(encoded(operation).toString('hex')).toBe(
      hex(
        header(164, 5),
        '3000 0100',
        SERVICE_KEY,
        '6000 0200',
        '0600 0b00 0200 0000',
        '1400 0100 0a000002 00000000 00000000 00000000',
        '0600 0200 1f90 0000',
        '0800 0300 00000000',
        '0800 0400 01000000',
        '0800 0500 00000000',
        '0800 0600 00000000',
        '0500 0d00 00000000',
        '0600 0e00 0000 0000',
        '0600 0f00 0000 0000',
      ),
    );
  });

  test('of a destination of the other family has that family in every command', () => {
    const tunnel = {
      forward: 'tunnel',
      tunnelType: 'gue',
      tunnelPort: 6080,
      tunnelChecksum: 'remcsum',
    } as const;
    const destination = [
      '0600 0b00 0a00 0000',
      '1400 0100 20010db8 00000000 00000000 00000002',
      '0600 0200 0050 0000',
    ];
    expect(
      encoded(onDestination('delete-destination', SERVICE, '[2001:db8::2]:80', tunnel)).toString(
        'hex',
      ),
    ).toBe(hex(header(108, 7), '3000 0100', SERVICE_KEY, '2800 0200', ...destination));
    expect(
      encoded(onDestination('edit-destination', SERVICE, '[2001:db8::2]:80', tunnel)).toString(
        'hex',
      ),
    ).toContain(hex('0500 0d00 01000000', '0600 0e00 17c0 0000', '0600 0f00 0200 0000'));
  });

  test('of a service has every setting and an IPv4 netmask in network order', () => {
    const operation = only(
      adding('udp://10.0.0.1:53', {
        scheduler: 'mh',
        schedulerFlags: 0x18,
        onePacket: true,
        persistent: true,
        persistenceTimeoutSeconds: 600,
        persistenceNetmask: 0xffff_ff00,
        persistenceEngine: 'sip',
      }),
    );
    expect(encoded(operation).toString('hex')).toBe(
      hex(
        header(112, 1),
        '5c00 0100',
        '0600 0100 0200 0000',
        '0600 0200 1100 0000',
        V4('01'),
        '0600 0400 0035 0000',
        '0700 0600 6d680000',
        '0800 0b00 73697000',
        '0c00 0700 1d000000 ffffffff',
        '0800 0800 58020000',
        '0800 0900 ffffff00',
      ),
    );
  });

  test('of a firewall mark has no address, and no engine when there is none', () => {
    const operation = only(adding('fwmark:4294967295/ipv6', { persistenceNetmask: 64 }));
    expect(encoded(operation).toString('hex')).toBe(
      hex(
        header(76, 1),
        '3800 0100',
        '0600 0100 0a00 0000',
        '0800 0500 ffffffff',
        '0800 0600 776c6300',
        '0c00 0700 00000000 ffffffff',
        '0800 0800 00000000',
        '0800 0900 40000000',
      ),
    );
  });

  test.each<[string, Operation, string]>([
    ['delete-service', deleteService(SERVICE), hex(header(68, 3), '3000 0100', SERVICE_KEY)],
    [
      'zero for one service',
      { kind: 'zero', service: serviceOf(SERVICE).identity },
      hex(header(68, 16), '3000 0100', SERVICE_KEY),
    ],
    ['zero for all services', { kind: 'zero', service: undefined }, header(20, 16)],
    ['flush', { kind: 'flush' }, header(20, 17)],
    [
      'stop-daemon',
      { kind: 'stop-daemon', role: 'backup' },
      hex(header(32, 10), '0c00 0300 0800 0100 02000000'),
    ],
  ])('of the operation %s has only the key of its object', (_name, operation, expected) => {
    expect(encoded(operation).toString('hex')).toBe(expected);
  });

  test('of timeouts has all three of them', () => {
    const timeouts = { tcp: 0, tcpFin: 1, udp: 2_678_400 };
    expect(encoded({ kind: 'set-timeouts', timeouts }).toString('hex')).toBe(
      hex(header(44, 12), '0800 0400 00000000', '0800 0500 01000000', '0800 0600 80de2800'),
    );
  });

  test('of a sync daemon leaves out the values that the kernel chooses', () => {
    const open = {
      ...daemonOf('master', { interface: 'eth0', syncId: 7 }),
      maxLength: 0,
      group: undefined,
      port: 0,
      ttl: 0,
    };
    const required = ['0800 0100 01000000', '0900 0200 65746830 00000000', '0800 0300 07000000'];
    expect(encoded({ kind: 'start-daemon', daemon: open }).toString('hex')).toBe(
      hex(header(52, 9), '2000 0300', ...required),
    );
    expect(
      encoded({ kind: 'start-daemon', daemon: daemonOf('master', { syncId: 7 }) }).toString('hex'),
    ).toBe(
      hex(
        header(84, 9),
        '4000 0300',
        ...required,
        '0600 0400 c005 0000',
        '0800 0500 e0000051',
        '0600 0700 9022 0000',
        '0500 0800 01000000',
      ),
    );
  });

  test('is refused for firewall mark 0 and for a name with a NUL character', () => {
    expect(() =>
      encoded({ kind: 'delete-service', service: { kind: 'fwmark', fwmark: 0, family: 'ipv4' } }),
    ).toThrow('firewall mark 0');
    expect(() => encoded(only(adding(SERVICE, { scheduler: 'rr\0x' })))).toThrow('NUL');
  });
});
