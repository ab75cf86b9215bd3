import { describe, expect, it } from 'vitest';
import type {
  DestinationCounters,
  ServiceCounters,
  Snapshot,
  Stats,
} from '../../src/model/ipvs.ts';
import type { ServiceKey } from '../../src/model/service.ts';
import { PLAIN } from '../../src/render/style.ts';
import { formatAmount, formatTop } from '../../src/render/top/top-text.ts';
import { SORT_KEYS, type SortKey, trafficOf } from '../../src/render/top/traffic.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';

const view = { sort: 'connections', hasDestinations: true, style: PLAIN, width: 80 } as const;

function stats(connectionRate: bigint, inByteRate = 0n, outByteRate = 0n): Stats {
  const totals = { connections: 9n, inPackets: 8n, outPackets: 7n, inBytes: 6n, outBytes: 5n };
  return {
    ...totals,
    connectionRate,
    inPacketRate: 3n,
    outPacketRate: 2n,
    inByteRate,
    outByteRate,
  };
}

function counted(active: number, inactive: number, of: Stats): DestinationCounters {
  return { active, inactive, persistent: 1, stats: of };
}

const table = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 0 } },
  'udp://[2001:db8::1]:53': { destinations: { '[2001:db8:1:2:3:4:5:6]:53': 1 } },
  'fwmark:7': {},
});

function snapshot(): Snapshot {
  const counters = new Map<ServiceKey, ServiceCounters>([
    [
      keyOf('tcp://192.0.2.1:80'),
      {
        stats: stats(5n, 1200n, 0n),
        destinations: new Map([
          [destinationKeyOf('10.0.0.1:80'), counted(3, 40, stats(4n))],
          [destinationKeyOf('10.0.0.2:80'), counted(2, 1000, stats(1n))],
        ]),
      },
    ],
    [
      keyOf('udp://[2001:db8::1]:53'),
      { stats: stats(61n, 10n, 5_100_000n), destinations: new Map() },
    ],
  ]);
  return { table, counters, unmanageable: [] };
}

describe('the list of traffic', () => {
  it('has services with their destinations, the busiest first', () => {
    expect(formatTop(trafficOf(snapshot(), 'connections'), view)).toBe(
      [
        '3 services, 3 destinations, 1 without a usable destination, by connections/s',
        'Service                           Weight  Active   Inact  Conn/s  In B/s Out B/s',
        'udp://[2001:db8::1]:53               1/1       0       0      61      10    5.1M',
        '  [2001:db8:1:2:3:4:5:6]:53            1       0       0       0       0       0',
        'tcp://192.0.2.1:80                   1/2       5    1.0k       5    1.2k       0',
        '  10.0.0.1:80                          1       3      40       4       0       0',
        '  10.0.0.2:80                          0       2    1.0k       1       0       0',
        'fwmark:7                             0/0       0       0       0       0       0',
        '',
      ].join('\n'),
    );
  });

  it.each<[SortKey, string[]]>([
    ['connections', ['udp://[2001:db8::1]:53', 'tcp://192.0.2.1:80', 'fwmark:7']],
    ['bytes', ['udp://[2001:db8::1]:53', 'tcp://192.0.2.1:80', 'fwmark:7']],
    ['active', ['tcp://192.0.2.1:80', 'udp://[2001:db8::1]:53', 'fwmark:7']],
    ['address', ['tcp://192.0.2.1:80', 'udp://[2001:db8::1]:53', 'fwmark:7']],
  ])('is sorted by %s', (sort, keys) => {
    expect(trafficOf(snapshot(), sort).map(({ service }) => service.key)).toEqual(keys);
  });

  it('gives a long name a line of its own, and keeps the columns', () => {
    const long = tableOf({ 'tcp://[2001:db8:1111:2222:3333:4444:5555:6666]:443': {} });
    const text = formatTop(
      trafficOf({ table: long, counters: new Map(), unmanageable: [] }, 'address'),
      { ...view, hasDestinations: false },
    );
    const [, titles = '', name, numbers = ''] = text.split('\n');
    expect(name).toBe('tcp://[2001:db8:1111:2222:3333:4444:5555:6666]:443');
    expect(numbers.length).toBe(titles.length);
    expect(numbers.trim()).toMatch(/^0\/0 /);
  });

  it('says how it is sorted, for each key', () => {
    for (const [sort, { title }] of Object.entries(SORT_KEYS))
      expect(formatTop([], { ...view, sort: sort as SortKey })).toContain(`, by ${title}\n`);
  });
});

describe('an amount', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1.0k'],
    [9949, '9.9k'],
    [9950, '10k'],
    [999_499, '999k'],
    [999_500, '1.0M'],
    [340_000_000n, '340M'],
    [18_446_744_073_709_551_615n, '18447P'],
  ])('of %s is %s', (value, text) => {
    expect(formatAmount(value)).toBe(text);
  });
});
