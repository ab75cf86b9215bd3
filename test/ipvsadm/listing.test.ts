import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ListingFormat } from '../../src/formats/ipvsadm/grammar/parsed-command.ts';
import {
  formatDaemonListing,
  formatListing,
  formatServiceListing,
  formatTimeoutListing,
} from '../../src/ipvsadm/listing.ts';
import { formatCounter } from '../../src/ipvsadm/listing-columns.ts';
import { formatNamedEndpoint, NUMBERS } from '../../src/ipvsadm/listing-endpoints.ts';
import type { Counters, Stats } from '../../src/model/ipvs.ts';
import type { Table } from '../../src/model/table.ts';
import { daemonOf, destinationOf, keyOf, serviceOf, tableOf } from '../support/tables.ts';

const info = { version: '1.2.1', connectionTableSize: 4096 };
const EMPTY: Counters = new Map();

function list(
  table: Table,
  format: ListingFormat = 'plain',
  { counters = EMPTY, names = NUMBERS, exact = false, sorted = true } = {},
): string[] {
  const text = formatListing(
    info,
    { table, counters, unmanageable: [] },
    { format, names, exact, sorted },
  );
  return text.split('\n').slice(3, -1);
}

function stats(...values: readonly bigint[]): Stats {
  const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n] = values;
  const totals = { connections: a, inPackets: b, outPackets: c, inBytes: d, outBytes: e };
  return {
    ...totals,
    connectionRate: a,
    inPacketRate: b,
    outPacketRate: c,
    inByteRate: d,
    outByteRate: e,
  };
}

describe('the row of a service', () => {
  const table = tableOf({
    'tcp://10.0.0.1:443': {
      scheduler: 'sh',
      schedulerFlags: 0x38,
      persistent: true,
      persistenceTimeoutSeconds: 50,
      persistenceNetmask: 0xffff_ff00,
    },
    'udp://10.0.0.1:5060': {
      scheduler: 'rr',
      persistent: true,
      persistenceTimeoutSeconds: 60,
      persistenceEngine: 'sip',
      onePacket: true,
    },
    'udp://10.0.0.1:5061': { persistenceEngine: 'sip' },
    'tcp://[2001:db8::1]:80': {
      persistent: true,
      persistenceTimeoutSeconds: 1,
      persistenceNetmask: 64,
    },
    'sctp://[2001:db8::1]:80': {},
    'fwmark:4294967295': {},
    'fwmark:7/ipv6': {},
  });
  test('shows all settings, with marks unsigned and every scheduler flag', () => {
    expect(list(table)).toEqual([
      'TCP  10.0.0.1:443 sh (sh-fallback,sh-port,flag-3) persistent 50 mask 255.255.255.0',
      'UDP  10.0.0.1:5060 rr persistent 60 pe sip ops',
      'UDP  10.0.0.1:5061 wlc',
      'TCP  [2001:db8::1]:80 wlc persistent 1 mask 64',
      'SCTP [2001:db8::1]:80 wlc',
      'FWM  7 IPv6 wlc',
      'FWM  4294967295 wlc',
    ]);
  });
});

describe('the row of a server', () => {
  const tunnel = { forward: 'tunnel', weight: 0, upperThreshold: 100, lowerThreshold: 50 } as const;
  const table = tableOf({
    'tcp://10.0.0.1:80': {
      destinations: {
        '10.0.0.2:80': {
          ...tunnel,
          tunnelType: 'gue',
          tunnelPort: 6080,
          tunnelChecksum: 'remcsum',
        },
        '[2001:db8:1234:5678:9abc:def0:1234:5678]:8080': {
          ...tunnel,
          tunnelType: 'gre',
          tunnelChecksum: 'csum',
        },
        '203.0.113.254:65535': { forward: 'masq', weight: 2147483647 },
      },
    },
  });
  const connections = { active: 4294967295, inactive: 2, persistent: 3, stats: undefined };
  const counters: Counters = new Map([
    [
      keyOf('tcp://10.0.0.1:80'),
      {
        stats: undefined,
        destinations: new Map([[destinationOf('10.0.0.2:80').key, connections]]),
      },
    ],
  ]);

  test.each<[ListingFormat, string[]]>([
    [
      'plain',
      [
        '  -> 10.0.0.2:80                  Tunnel  0      4294967295 2         ',
        '  -> 203.0.113.254:65535          Masq    2147483647 0          0         ',
        '  -> [2001:db8:1234:5678:9abc:def0:1234:5678]:8080 Tunnel  0      0          0         ',
      ],
    ],
    [
      'tun-info',
      [
        '  -> 10.0.0.2:80                  Tunnel  gue:6080:r+c  0      4294967295 2         ',
        '  -> 203.0.113.254:65535          Masq    n/a           2147483647 0          0         ',
        '  -> [2001:db8:1234:5678:9abc:def0:1234:5678]:8080 Tunnel  gre:+c        0      0          0         ',
      ],
    ],
    [
      'thresholds',
      [
        '  -> 10.0.0.2:80                  100        50         4294967295 2         ',
        '  -> 203.0.113.254:65535          0          0          0          0         ',
        '  -> [2001:db8:1234:5678:9abc:def0:1234:5678]:8080 100        50         0          0         ',
      ],
    ],
    [
      'persistent-conn',
      [
        '  -> 10.0.0.2:80                  0         3           4294967295 2         ',
        '  -> 203.0.113.254:65535          2147483647 0           0          0         ',
        '  -> [2001:db8:1234:5678:9abc:def0:1234:5678]:8080 0         0           0          0         ',
      ],
    ],
  ])('in the format %s ends in the padding of its last column', (format, rows) => {
    expect(list(table, format, { counters }).slice(1)).toEqual(rows);
  });
});

describe('a counter', () => {
  test.each([
    [0n, '        0'],
    [99_999_999n, ' 99999999'],
    [100_000_000n, '  100000K'],
    [999_999_999n, '  999999K'],
    [1_000_000_000n, '    1000M'],
    [99_999_999_999n, '   99999M'],
    [100_000_000_000n, '     100G'],
    [99_999_999_999_999n, '   99999G'],
    [100_000_000_000_000n, '     100T'],
    [18_446_744_073_709_551_615n, '18446744T'],
  ])('%d is printed as "%s"', (value, text) => {
    expect(formatCounter(value, false)).toBe(text);
  });

  test('has all its digits with --exact, in at least nine columns after a blank', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const text = formatCounter(value, true);
        expect(BigInt(text)).toBe(value);
        expect(text).toMatch(/^ /);
        expect(text.length).toBeGreaterThanOrEqual(9);
      }),
    );
  });

  test('is printed for services and servers, and the first three rates of a server are never shortened', () => {
    const table = tableOf({ 'tcp://10.0.0.9:80': { destinations: { '10.0.0.253:8080': 1 } } });
    const big = stats(100_000_000n, 2n ** 40n, 3n, 1_141_241_776n, 2n ** 63n);
    const destination = { active: 0, inactive: 0, persistent: 0, stats: big };
    const counters: Counters = new Map([
      [
        keyOf('tcp://10.0.0.9:80'),
        {
          stats: big,
          destinations: new Map([[destinationOf('10.0.0.253:8080').key, destination]]),
        },
      ],
    ]);
    expect(list(table, 'stats', { counters })).toEqual([
      'TCP  10.0.0.9:80                   100000K    1099G        3    1141M 9223372T',
      '  -> 10.0.0.253:8080               100000K    1099G        3    1141M 9223372T',
    ]);
    expect(list(table, 'rate', { counters })).toEqual([
      'TCP  10.0.0.9:80                   100000K    1099G        3    1141M 9223372T',
      '  -> 10.0.0.253:8080              100000000 1099511627776        3    1141M 9223372T',
    ]);
  });
});

describe('an endpoint with names', () => {
  const names = {
    host: () => 'a-host-with-a-really-quite-long-name.example.test',
    port: () => 'http',
  };
  test('is cut to 33 columns for a service and 28 for a server, but not for IPv6', () => {
    const table = tableOf({
      'tcp://10.0.0.1:80': { destinations: { '10.0.0.2:80': 1 } },
      'tcp://[2001:db8::1]:80': {},
      'fwmark:7': {},
    });
    expect(list(table, 'plain', { names })).toEqual([
      'TCP  a-host-with-a-really-quite-l wlc',
      '  -> a-host-with-a-really-quite-l Route   1      0          0         ',
      'TCP  [a-host-with-a-really-quite-long-name.example.test]:http wlc',
      'FWM  7 wlc',
    ]);
  });

  test('has at most 59 characters, and no port name without a protocol', () => {
    const { address } = destinationOf('10.0.0.2:80');
    const long = { host: () => 'x'.repeat(70), port: () => 'http' };
    expect(formatNamedEndpoint(address, 80, 'tcp', long)).toBe('x'.repeat(59));
    expect(
      formatNamedEndpoint(address, 80, undefined, { host: () => 'rs', port: () => 'http' }),
    ).toBe('rs:80');
    expect(
      formatNamedEndpoint(address, 80, 'tcp', { host: () => undefined, port: () => 'http' }),
    ).toBe('10.0.0.2:http');
  });
});

test('an unsorted listing keeps the order of the kernel', () => {
  const table = tableOf({
    'tcp://10.0.0.2:80': { destinations: { '10.1.0.2:80': 1, '10.1.0.1:80': 1 } },
    'tcp://10.0.0.1:80': {},
  });
  const order = (sorted: boolean) =>
    list(table, 'plain', { sorted }).map((row) => row.split(/ +/).slice(1, 3).join(' '));
  expect(order(false)).toEqual([
    '10.0.0.2:80 wlc',
    '-> 10.1.0.2:80',
    '-> 10.1.0.1:80',
    '10.0.0.1:80 wlc',
  ]);
  expect(order(true)).toEqual([
    '10.0.0.1:80 wlc',
    '10.0.0.2:80 wlc',
    '-> 10.1.0.1:80',
    '-> 10.1.0.2:80',
  ]);
});

test('the listing of one service has no version line', () => {
  const table = tableOf({ 'tcp://10.0.0.1:80': {} });
  const [entry] = table.services.values();
  const snapshot = { table, counters: EMPTY, unmanageable: [] };
  expect(
    entry &&
      formatServiceListing(entry, snapshot, {
        format: 'plain',
        names: NUMBERS,
        exact: false,
        sorted: true,
      }),
  ).toBe(
    `Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\nTCP  10.0.0.1:80 ${serviceOf('tcp://10.0.0.1:80').scheduler}\n`,
  );
});

test('timeouts and daemons are listed in lines of their own, without values that the kernel does not report', () => {
  expect(formatTimeoutListing({ tcp: 900, tcpFin: 120, udp: 300 })).toBe(
    'Timeout (tcp tcpfin udp): 900 120 300\n',
  );
  expect(formatDaemonListing([])).toBe('');
  expect(
    formatDaemonListing([
      daemonOf('master'),
      daemonOf('backup', { maxLength: 0, group: undefined, port: 0, ttl: 0 }),
    ]),
  ).toBe(
    'master sync daemon (mcast=eth0, syncid=1, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\nbackup sync daemon (mcast=eth0, syncid=1)\n',
  );
});
