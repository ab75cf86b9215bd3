import { expect } from 'vitest';
import { withoutList } from '../../src/daemon/api/kernel-readings.ts';
import type { ServiceTotals } from '../../src/model/ipvs.ts';
import { trafficOf } from '../../src/render/top/traffic.ts';
import { keyOf, serviceOf, tableOf } from '../support/tables.ts';
import { adding, addingEntries, deleteService, editService, onDestination } from './operations.ts';
import { type Clause, errnos, succeed } from './subject.ts';

/** A table with every setting of services and destinations, each at its limits where it has any. */
const EVERYTHING = tableOf({
  'tcp://192.0.2.1:80': {
    scheduler: 'wrr',
    persistent: true,
    persistenceTimeoutSeconds: 2_678_400,
    persistenceNetmask: 0xffff_ff00,
    destinations: {
      '10.0.0.1:8080': {
        forward: 'masq',
        weight: 2_147_483_647,
        upperThreshold: 2_147_483_647,
        lowerThreshold: 2_147_483_647,
      },
      '10.0.0.2:80': { forward: 'route', weight: 0 },
      '10.0.0.3:80': { forward: 'tunnel', upperThreshold: 5, lowerThreshold: 3 },
      '[2001:db8::4]:80': {
        forward: 'tunnel',
        tunnelType: 'gue',
        tunnelPort: 6080,
        tunnelChecksum: 'remcsum',
      },
      '10.0.0.4:80': {
        forward: 'tunnel',
        tunnelType: 'gue',
        tunnelPort: 65535,
        tunnelChecksum: 'csum',
      },
      '10.0.0.5:80': {
        forward: 'tunnel',
        tunnelType: 'gue',
        tunnelPort: 1,
        tunnelChecksum: 'none',
      },
      '10.0.0.6:80': { forward: 'tunnel', tunnelType: 'gre', tunnelChecksum: 'csum' },
      '10.0.0.7:80': { forward: 'tunnel', tunnelType: 'gre', tunnelChecksum: 'none' },
    },
  },
  'tcp://192.0.2.1:0': {
    persistent: true,
    persistenceTimeoutSeconds: 1,
    persistenceNetmask: 0,
    destinations: { '10.0.0.1:0': 1 },
  },
  'udp://192.0.2.1:80': {
    scheduler: 'sh',
    schedulerFlags: 0x18,
    onePacket: true,
    persistenceNetmask: 0x8000_0001,
  },
  'sctp://192.0.2.1:80': { scheduler: 'mh', schedulerFlags: 0x38 },
  'udp://192.0.2.1:5060': {
    persistent: true,
    persistenceTimeoutSeconds: 60,
    persistenceEngine: 'sip',
  },
  'tcp://192.0.2.2:65535': { scheduler: 'none' },
  'tcp://[2001:db8::1]:443': {
    persistent: true,
    persistenceTimeoutSeconds: 360,
    persistenceNetmask: 1,
    destinations: { '[2001:db8::2]:443': 7, '10.0.0.1:443': { forward: 'tunnel' } },
  },
  'fwmark:1': { onePacket: true, destinations: { '10.0.0.1:0': 1, '10.0.0.1:80': 2 } },
  'fwmark:1/ipv6': { persistenceNetmask: 64, destinations: { '[2001:db8::2]:0': 1 } },
  'fwmark:4294967295': { scheduler: 'rr' },
});

export function readingClauses(clause: Clause): void {
  clause('is read as empty when it is empty', async (ipvs) => {
    const { table, counters, unmanageable } = await ipvs.read({ stats: true });
    expect(table).toEqual(tableOf({}));
    expect(counters.size).toBe(0);
    expect(unmanageable).toEqual([]);
  });

  clause('is read with every setting as it was written', async (ipvs) => {
    await succeed(ipvs, addingEntries(EVERYTHING));
    expect((await ipvs.read()).table).toEqual(EVERYTHING);
  });

  clause('has the totals that its services and destinations have together', async (ipvs) => {
    await succeed(ipvs, addingEntries(EVERYTHING));
    const traffic = trafficOf(await ipvs.read({ stats: true }), 'address');
    const byKey = (a: ServiceTotals, b: ServiceTotals) => (a.service.key < b.service.key ? -1 : 1);
    const totals = traffic.map(withoutList).sort(byKey);
    expect(totals).toHaveLength(EVERYTHING.services.size);
    expect(totals.some(({ destinations, usable }) => usable > 0 && usable < destinations)).toBe(
      true,
    );
    // A table in memory has none of its own.
    const own = (await ipvs.readTotals?.()) ?? totals;
    expect([...own].sort(byKey)).toEqual(totals);
  });

  clause(
    'makes a read fail with ABORTED when its signal fires, and the next read is whole',
    async (ipvs) => {
      await succeed(ipvs, addingEntries(EVERYTHING));
      await expect(ipvs.read({ signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'ABORTED',
      });
      expect((await ipvs.read({ signal: new AbortController().signal })).table).toEqual(EVERYTHING);
    },
  );

  clause('has every setting replaced by an edit', async (ipvs) => {
    await succeed(ipvs, addingEntries(EVERYTHING));
    const plain = tableOf(
      Object.fromEntries(
        [...EVERYTHING.services].map(([key, { destinations }]) => [
          key,
          {
            destinations: Object.fromEntries(
              [...destinations.keys()].map((name) => [name, { forward: 'tunnel' as const }]),
            ),
          },
        ]),
      ),
    );
    const edits = addingEntries(plain).map((operation) =>
      operation.kind === 'add-service'
        ? { ...operation, kind: 'edit-service' as const }
        : operation.kind === 'add-destination'
          ? { ...operation, kind: 'edit-destination' as const }
          : operation,
    );
    await succeed(ipvs, edits);
    expect((await ipvs.read()).table).toEqual(plain);
  });

  clause('loses a deleted destination, and all destinations of a deleted service', async (ipvs) => {
    await succeed(ipvs, [
      ...adding('tcp://192.0.2.1:80', { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 2 } }),
      ...adding('tcp://[2001:db8::1]:80', {
        destinations: { '10.0.0.1:80': { forward: 'tunnel' } },
      }),
      ...adding('fwmark:7', { destinations: { '10.0.0.1:80': 1 } }),
    ]);
    await succeed(ipvs, [
      onDestination('delete-destination', 'tcp://192.0.2.1:80', '10.0.0.1:80'),
      onDestination('delete-destination', 'tcp://[2001:db8::1]:80', '10.0.0.1:80'),
      deleteService('fwmark:7'),
    ]);
    expect((await ipvs.read()).table).toEqual(
      tableOf({
        'tcp://192.0.2.1:80': { destinations: { '10.0.0.2:80': 2 } },
        'tcp://[2001:db8::1]:80': {},
      }),
    );
  });

  clause('is read for some services: those that exist, with their destinations', async (ipvs) => {
    await succeed(ipvs, [
      ...adding('tcp://192.0.2.1:80', { destinations: { '10.0.0.1:80': 1 } }),
      ...adding('fwmark:1', { destinations: { '10.0.0.1:80': 1 } }),
      ...adding('fwmark:1/ipv6'),
    ]);
    const services = [
      'fwmark:1/ipv6',
      'tcp://192.0.2.1:80',
      'tcp://192.0.2.1:81',
      'fwmark:1/ipv6',
    ].map(keyOf);
    const { table } = await ipvs.read({ services });
    expect(table).toEqual(
      tableOf({
        'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } },
        'fwmark:1/ipv6': {},
      }),
    );
    expect((await ipvs.read({ services: [] })).table.services.size).toBe(0);
  });

  clause('has traffic counters only in a read that asks for them', async (ipvs) => {
    await succeed(ipvs, adding('udp://192.0.2.1:53', { destinations: { '10.0.0.1:53': 1 } }));
    const { key } = serviceOf('udp://192.0.2.1:53');
    const plain = (await ipvs.read()).counters.get(key);
    expect(plain?.stats).toBeUndefined();
    expect([...(plain?.destinations.values() ?? [])]).toEqual([]);
    const full = (await ipvs.read({ stats: true })).counters.get(key);
    const zeros = [
      full?.stats,
      ...[...(full?.destinations.values() ?? [])].map(({ stats }) => stats),
    ];
    expect(zeros).toHaveLength(2);
    for (const stats of zeros) expect(Object.values(stats ?? {})).toEqual(new Array(10).fill(0n));
  });

  clause(
    'is read whole with hundreds of services and one service of 500 destinations',
    async (ipvs) => {
      const table = tableOf({
        ...Object.fromEntries(
          Array.from({ length: 300 }, (_, index) => [
            `tcp://192.0.2.${index % 250}:${1000 + index}`,
            { destinations: { '10.0.0.1:80': 1 } },
          ]),
        ),
        'fwmark:1': {
          destinations: Object.fromEntries(
            Array.from({ length: 500 }, (_, index) => [`10.0.1.1:${index + 1}`, index]),
          ),
        },
      });
      await succeed(ipvs, addingEntries(table));
      expect((await ipvs.read()).table).toEqual(table);
    },
  );

  clause(
    'executes 1000 operations in order and assigns each refusal to its operation',
    async (ipvs) => {
      const wave = [
        ...adding('tcp://192.0.2.1:80'),
        ...Array.from({ length: 999 }, (_, index) =>
          onDestination('add-destination', 'tcp://192.0.2.1:80', `10.0.0.1:${1 + (index % 990)}`),
        ),
        editService('tcp://192.0.2.1:80', { scheduler: 'rr' }),
      ];
      const expected = wave.map((_, index) => (index > 990 && index < 1000 ? 'EEXIST' : null));
      expect(await errnos(ipvs, wave)).toEqual(expected);
      const [entry] = (await ipvs.read()).table.services.values();
      expect([entry?.service.scheduler, entry?.destinations.size]).toEqual(['rr', 990]);
    },
  );

  clause('executes calls that do not wait for each other in order', async (ipvs) => {
    const [, before, , after] = await Promise.all([
      ipvs.execute(adding('fwmark:1')),
      ipvs.read(),
      ipvs.execute([deleteService('fwmark:1')]),
      ipvs.read(),
    ]);
    expect([before.table.services.size, after.table.services.size]).toEqual([1, 0]);
  });

  clause('has a version and a size of the connection table', async (ipvs) => {
    const { version, connectionTableSize } = await ipvs.info();
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(Number.isInteger(connectionTableSize)).toBe(true);
  });
}
