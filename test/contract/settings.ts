import { expect } from 'vitest';
import { parseAddress } from '../../src/model/address.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Daemon } from '../../src/model/settings.ts';
import { daemonOf, tableOf } from '../support/tables.ts';
import { adding } from './operations.ts';
import { type Clause, errnos, succeed } from './subject.ts';

function start(daemon: Daemon): Operation {
  return { kind: 'start-daemon', daemon };
}

const MASTER = daemonOf('master', {
  interface: 'lo',
  syncId: 255,
  maxLength: 1400,
  group: parseAddress('239.1.2.3'),
  port: 8849,
  ttl: 255,
});
const BACKUP = daemonOf('backup', {
  interface: 'lo',
  syncId: 0,
  maxLength: 1024,
  group: parseAddress('224.0.0.81'),
  port: 1,
  ttl: 1,
});

export function settingsClauses(clause: Clause): void {
  clause('keeps a timeout that is set to 0', async (ipvs) => {
    await succeed(ipvs, [
      { kind: 'set-timeouts', timeouts: { tcp: 1, tcpFin: 2, udp: 2_147_483 } },
    ]);
    await succeed(ipvs, [{ kind: 'set-timeouts', timeouts: { tcp: 0, tcpFin: 5, udp: 0 } }]);
    expect((await ipvs.read()).table.timeouts).toEqual({ tcp: 1, tcpFin: 5, udp: 2_147_483 });
  });

  clause('sets no timeout when one of them is too long for the kernel', async (ipvs) => {
    expect(
      await errnos(ipvs, [
        { kind: 'set-timeouts', timeouts: { tcp: 7, tcpFin: 7, udp: 0xffff_ffff } },
      ]),
    ).toEqual(['EINVAL']);
    expect((await ipvs.read()).table).toEqual(tableOf({}));
  });

  clause('has the sync daemons as they were started, master first', async (ipvs) => {
    await succeed(ipvs, [start(BACKUP), start(MASTER)]);
    expect((await ipvs.read()).table.daemons).toEqual([MASTER, BACKUP]);
    await succeed(ipvs, [{ kind: 'stop-daemon', role: 'master' }]);
    expect((await ipvs.read()).table.daemons).toEqual([BACKUP]);
  });

  clause('has the values that the kernel chose for a sync daemon', async (ipvs) => {
    await succeed(ipvs, [start({ ...MASTER, maxLength: 0, group: undefined, port: 0, ttl: 0 })]);
    const [daemon] = (await ipvs.read()).table.daemons;
    expect(daemon).toEqual({
      ...MASTER,
      maxLength: expect.any(Number),
      group: '224.0.0.81',
      port: 8848,
      ttl: 1,
    });
    expect(daemon?.maxLength).toBeGreaterThan(0);
  });

  clause(
    'runs one sync daemon per role, on an existing interface and a multicast group',
    async (ipvs) => {
      const wave: Operation[] = [
        start(MASTER),
        start(MASTER),
        start({ ...BACKUP, interface: 'absent0' }),
        start({ ...BACKUP, group: parseAddress('10.0.0.1'), interface: 'absent0' }),
        { kind: 'stop-daemon', role: 'master' },
        { kind: 'stop-daemon', role: 'master' },
      ];
      expect(await errnos(ipvs, wave)).toEqual([null, 'EEXIST', 'ENODEV', 'EINVAL', null, 'ESRCH']);
    },
  );

  clause(
    'refuses sync daemons and destinations of the other family beside each other',
    async (ipvs) => {
      const mixed = adding('tcp://192.0.2.1:80', {
        destinations: { '[2001:db8::1]:80': { forward: 'tunnel' } },
      });
      expect(await errnos(ipvs, [...mixed, start(MASTER)])).toEqual([null, null, 'EINVAL']);
      expect(await errnos(ipvs, [{ kind: 'flush' }, start(MASTER), ...mixed])).toEqual([
        null,
        null,
        null,
        'EINVAL',
      ]);
    },
  );

  clause('keeps sync daemons and timeouts when it is flushed', async (ipvs) => {
    await succeed(ipvs, [
      ...adding('tcp://192.0.2.1:80', { destinations: { '10.0.0.1:80': 1 } }),
      { kind: 'set-timeouts', timeouts: { tcp: 10, tcpFin: 10, udp: 10 } },
      start(BACKUP),
      { kind: 'flush' },
    ]);
    expect((await ipvs.read()).table).toEqual(
      tableOf({}, { timeouts: { tcp: 10, tcpFin: 10, udp: 10 }, daemons: [BACKUP] }),
    );
  });
}
