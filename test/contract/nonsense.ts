import { beforeEach, describe, expect, test } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import type { OpenSocket } from '../../src/kernel/netlink/socket.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { tableOf } from '../support/tables.ts';
import {
  type RawDestination,
  type RawService,
  rawDestination,
  rawService,
  sendRaw,
} from './raw-requests.ts';
import { CLEAN } from './subject.ts';

const NEW_SERVICE = 1;
const NEW_DEST = 5;
const KEY = 'tcp://192.0.2.1:80';

/**
 * Tests entries that the kernel stores and the model cannot express. A read reports them as
 * unmanageable and never decodes them as something else.
 */
export function describeNonsense(name: string, load: () => Promise<OpenSocket>): void {
  describe(`a read of entries that only raw netlink can write (${name})`, () => {
    let openSocket: OpenSocket;
    let ipvs: Ipvs;

    beforeEach(async () => {
      openSocket = await load();
      ipvs = await openKernel({ openSocket });
      await ipvs.execute(CLEAN);
      return () => ipvs.close();
    });

    test.each<[string, RawService, string]>([
      ['protocol 1', { protocol: 1 }, 'protocol 1 192.0.2.1:80'],
      ['protocol 65535', { protocol: 65535 }, 'protocol 65535 192.0.2.1:80'],
      ['unknown flag bits 0xffffffc0', { flags: 0xffff_ffc0 }, KEY],
      ['unknown flag bits 0x40', { flags: 0x41, timeout: 5 }, KEY],
      ['a persistence timeout of 0 s', { flags: 1, timeout: 0 }, KEY],
      ['a persistence timeout of 2678401 s', { flags: 1, timeout: 2_678_401 }, KEY],
    ])('reports a service with %s as unmanageable', async (reason, service, key) => {
      await sendRaw(openSocket, [
        [NEW_SERVICE, rawService(service)],
        [NEW_DEST, rawService(service), rawDestination()],
      ]);
      expect(await ipvs.read()).toMatchObject({
        table: tableOf({}),
        unmanageable: [{ service: key, destination: undefined, reason }],
      });
    });

    test.each<[string, RawDestination]>([
      ['forwarding method 1', { method: 1 }],
      ['forwarding method 4', { method: 4 }],
      ['forwarding method 7', { method: 7 }],
      ['tunnel type 3', { method: 2, tunnelType: 3 }],
      ['tunnel flags 0x3', { method: 2, tunnelType: 1, tunnelPort: 1, tunnelFlags: 3 }],
      ['tunnel flags 0xffff', { method: 2, tunnelType: 2, tunnelFlags: 0xffff }],
      ['a gre tunnel with remote checksum', { method: 2, tunnelType: 2, tunnelFlags: 2 }],
    ])('reports a destination with %s as unmanageable', async (reason, destination) => {
      await sendRaw(openSocket, [
        [NEW_SERVICE, rawService()],
        [NEW_DEST, rawService(), rawDestination(destination)],
        [NEW_DEST, rawService(), rawDestination({ address: 2 })],
      ]);
      const { table, counters, unmanageable } = await ipvs.read({ stats: true });
      expect(unmanageable).toEqual([{ service: KEY, destination: '10.0.0.1:80', reason }]);
      expect([...(table.services.values().next().value?.destinations.keys() ?? [])]).toEqual([
        '10.0.0.2:80',
      ]);
      expect([...(counters.values().next().value?.destinations.keys() ?? [])]).toEqual([
        '10.0.0.2:80',
      ]);
    });

    test('has a service whose only destination is unmanageable', async () => {
      await sendRaw(openSocket, [
        [NEW_SERVICE, rawService()],
        [NEW_DEST, rawService(), rawDestination({ method: 5 })],
      ]);
      expect((await ipvs.read()).table).toEqual(tableOf({ [KEY]: { scheduler: 'rr' } }));
    });

    test('has what the kernel stores and does not use, as it is', async () => {
      const anyPort = { port: 0 };
      await sendRaw(openSocket, [
        [NEW_SERVICE, rawService({ flags: 4 })],
        [NEW_DEST, rawService(), rawDestination({ method: 3, port: 81 })],
        [NEW_DEST, rawService(), rawDestination({ method: 2, port: 82 })],
        [NEW_SERVICE, rawService(anyPort)],
        [NEW_DEST, rawService(anyPort), rawDestination()],
      ]);
      const { table, unmanageable } = await ipvs.read();
      expect(unmanageable).toEqual([]);
      expect(table).toEqual(
        tableOf({
          [KEY]: {
            ...{ scheduler: 'rr', onePacket: true },
            destinations: {
              '10.0.0.1:81': { forward: 'route' },
              '10.0.0.1:82': { forward: 'tunnel' },
            },
          },
          'tcp://192.0.2.1:0': {
            scheduler: 'rr',
            destinations: { '10.0.0.1:80': { forward: 'masq' } },
          },
        }),
      );
    });

    test('decodes values that have no effect as the value for none', async () => {
      await sendRaw(openSocket, [
        [NEW_SERVICE, rawService({ timeout: 60 })],
        [
          NEW_DEST,
          rawService(),
          rawDestination({ address: 1, tunnelType: 7, tunnelPort: 9, tunnelFlags: 9 }),
        ],
        [
          NEW_DEST,
          rawService(),
          rawDestination({ address: 2, method: 2, tunnelPort: 9, tunnelFlags: 9 }),
        ],
        [
          NEW_DEST,
          rawService(),
          rawDestination({ address: 3, method: 2, tunnelType: 2, tunnelPort: 9 }),
        ],
      ]);
      const snapshot = await ipvs.read();
      expect(snapshot.unmanageable).toEqual([]);
      expect(snapshot.table).toEqual(
        tableOf({
          [KEY]: {
            scheduler: 'rr',
            destinations: {
              '10.0.0.1:80': { forward: 'masq' },
              '10.0.0.2:80': { forward: 'tunnel' },
              '10.0.0.3:80': { forward: 'tunnel', tunnelType: 'gre' },
            },
          },
        }),
      );
    });

    test('reports a sync daemon with a sync id above 255 as unmanageable', async () => {
      const daemon = {
        role: 'backup',
        interface: 'lo',
        syncId: 256,
        maxLength: 0,
        group: undefined,
        port: 0,
        ttl: 0,
      } as const;
      expect(await ipvs.execute([{ kind: 'start-daemon', daemon }])).toEqual(new Map());
      const { table, unmanageable } = await ipvs.read();
      expect(table.daemons).toEqual([]);
      expect(unmanageable).toEqual([
        { service: 'sync daemon backup', destination: undefined, reason: 'sync id 256' },
      ]);
    });
  });
}
