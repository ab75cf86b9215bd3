import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { Table } from '../../src/model/table.ts';
import { addingEntries } from '../contract/operations.ts';
import { CLEAN, succeed } from '../contract/subject.ts';
import { daemonOf, destinationKeyOf, keyOf, type ServiceText, tableOf } from '../support/tables.ts';
import { ipvsadm, output, shell } from './real-programs.ts';

const sorted = (text: string) => text.trim().split('\n').sort();

/** Each attribute in ipvsadm's words and in ours. */
const SERVICES: Readonly<
  Record<string, { readonly lines: readonly string[]; readonly service: ServiceText }>
> = {
  'tcp://192.0.2.1:80': {
    lines: [
      '-A -t 192.0.2.1:80 -s wrr -p 2678400 -M 255.255.254.0',
      '-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 2147483647',
      '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 0',
      '-a -t 192.0.2.1:80 -r 10.0.0.3:80 -i -w 1 --tun-type ipip',
      '-a -t 192.0.2.1:80 -r 10.0.0.4:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum',
      '-a -t 192.0.2.1:80 -r 10.0.0.5:80 -i -w 1 --tun-type gue --tun-port 65535 --tun-csum',
      '-a -t 192.0.2.1:80 -r [2001:db8::6]:80 -i -w 1 --tun-type gue --tun-port 1 --tun-remcsum',
      '-a -t 192.0.2.1:80 -r 10.0.0.7:80 -i -w 1 --tun-type gre --tun-csum',
      '-a -t 192.0.2.1:80 -r 10.0.0.8:80 -i -w 1 --tun-type gre --tun-nocsum',
    ],
    service: {
      scheduler: 'wrr',
      persistent: true,
      persistenceTimeoutSeconds: 2_678_400,
      persistenceNetmask: 0xffff_fe00,
      destinations: {
        '10.0.0.1:8080': { forward: 'masq', weight: 2_147_483_647 },
        '10.0.0.2:80': { forward: 'route', weight: 0 },
        '10.0.0.3:80': { forward: 'tunnel' },
        '10.0.0.4:80': { forward: 'tunnel', tunnelType: 'gue', tunnelPort: 6080 },
        '10.0.0.5:80': {
          forward: 'tunnel',
          tunnelType: 'gue',
          tunnelPort: 65535,
          tunnelChecksum: 'csum',
        },
        '[2001:db8::6]:80': {
          forward: 'tunnel',
          tunnelType: 'gue',
          tunnelPort: 1,
          tunnelChecksum: 'remcsum',
        },
        '10.0.0.7:80': { forward: 'tunnel', tunnelType: 'gre', tunnelChecksum: 'csum' },
        '10.0.0.8:80': { forward: 'tunnel', tunnelType: 'gre' },
      },
    },
  },
  'tcp://192.0.2.1:0': {
    lines: ['-A -t 192.0.2.1:0 -s wlc -p 360'],
    service: { persistent: true, persistenceTimeoutSeconds: 360 },
  },
  'udp://192.0.2.1:53': {
    lines: ['-A -u 192.0.2.1:53 -s rr -o'],
    service: { scheduler: 'rr', onePacket: true },
  },
  'udp://192.0.2.1:5060': {
    lines: ['-A -u 192.0.2.1:5060 -s rr -p 60 --pe sip'],
    service: {
      scheduler: 'rr',
      persistent: true,
      persistenceTimeoutSeconds: 60,
      persistenceEngine: 'sip',
    },
  },
  'sctp://192.0.2.1:80': {
    lines: ['-A --sctp-service 192.0.2.1:80 -s mh -b mh-fallback,mh-port'],
    service: { scheduler: 'mh', schedulerFlags: 0x18 },
  },
  'tcp://[2001:db8::1]:443': {
    lines: [
      '-A -t [2001:db8::1]:443 -s sh -p 1 -M 64 -b sh-fallback,sh-port',
      '-a -t [2001:db8::1]:443 -r [2001:db8::2]:443 -g -w 5',
    ],
    service: {
      scheduler: 'sh',
      schedulerFlags: 0x18,
      persistent: true,
      persistenceTimeoutSeconds: 1,
      persistenceNetmask: 64,
      destinations: { '[2001:db8::2]:443': 5 },
    },
  },
  'fwmark:2147483647': {
    lines: [
      '-A -f 2147483647 -s lc',
      '-a -f 2147483647 -r 10.0.0.1:0 -g -w 1',
      '-a -f 2147483647 -r 10.0.0.1:81 -m -w 1',
    ],
    service: {
      scheduler: 'lc',
      destinations: { '10.0.0.1:0': 1, '10.0.0.1:81': { forward: 'masq' } },
    },
  },
  'fwmark:1/ipv6': {
    lines: ['-A -f 1 -6 -s wlc', '-a -f 1 -6 -r [2001:db8::2]:0 -g -w 1'],
    service: { destinations: { '[2001:db8::2]:0': 1 } },
  },
};

const TABLE: Table = tableOf(
  Object.fromEntries(Object.entries(SERVICES).map(([key, { service }]) => [key, service])),
);
const LINES = Object.values(SERVICES).flatMap(({ lines }) => lines);

let ipvs: Ipvs;

beforeEach(async () => {
  ipvs = await openKernel();
  await ipvs.execute(CLEAN);
  return () => ipvs.close();
});

describe('our client and ipvsadm', () => {
  test('agree on every attribute that we write and ipvsadm saves', async () => {
    await succeed(ipvs, addingEntries(TABLE));
    expect(sorted(await ipvsadm('-S -n'))).toEqual([...LINES].sort());
  });

  test('agree on every attribute that ipvsadm writes and we read', async () => {
    for (const line of LINES) await ipvsadm(line);
    expect((await ipvs.read()).table).toEqual(TABLE);
  });

  test('agree on thresholds, which ipvsadm does not save', async () => {
    const thresholds = { upperThreshold: 2_147_483_647, lowerThreshold: 7 };
    const table = tableOf({
      'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': thresholds } },
    });
    await succeed(ipvs, addingEntries(table));
    expect(await ipvsadm('-L -n --thresholds')).toMatch(/10\.0\.0\.1:80 +2147483647 +7 /);
    await succeed(ipvs, [{ kind: 'flush' }]);
    await ipvsadm('-A -t 192.0.2.1:80');
    await ipvsadm('-a -t 192.0.2.1:80 -r 10.0.0.1:80 -x 2147483647 -y 7');
    expect((await ipvs.read()).table).toEqual(table);
  });

  test('agree on the third scheduler flag and the largest mark', async () => {
    await ipvsadm('-A -f 4294967295 -s sh -b flag-3,flag-1');
    const { table } = await ipvs.read();
    expect(table).toEqual(
      tableOf({ 'fwmark:4294967295': { scheduler: 'sh', schedulerFlags: 0x28 } }),
    );
  });

  test('agree on timeouts', async () => {
    await succeed(ipvs, [{ kind: 'set-timeouts', timeouts: { tcp: 1, tcpFin: 22, udp: 333 } }]);
    expect(await ipvsadm('-L --timeout')).toBe('Timeout (tcp tcpfin udp): 1 22 333\n');
    await ipvsadm('--set 2678400 0 5');
    expect((await ipvs.read()).table.timeouts).toEqual({ tcp: 2_678_400, tcpFin: 22, udp: 5 });
  });

  test('agree on sync daemons', async () => {
    const master = daemonOf('master', {
      interface: 'lo',
      syncId: 255,
      maxLength: 1000,
      port: 1234,
      ttl: 9,
    });
    await succeed(ipvs, [{ kind: 'start-daemon', daemon: master }]);
    expect(await ipvsadm('-L --daemon')).toBe(
      'master sync daemon (mcast=lo, syncid=255, maxlen=1000, group=224.0.0.81, port=1234, ttl=9)\n',
    );
    await ipvsadm('--start-daemon backup --mcast-interface lo --syncid 3 --sync-maxlen 2000');
    const backup = daemonOf('backup', { interface: 'lo', syncId: 3, maxLength: 2000 });
    expect((await ipvs.read()).table.daemons).toEqual([master, backup]);
  });
});

describe('live traffic', () => {
  test('appears in the connections at once and in the counters later', async () => {
    await output('ip address replace 192.0.2.50/32 dev lo');
    const table = tableOf({
      'udp://192.0.2.50:5000': {
        scheduler: 'rr',
        destinations: { '127.0.0.1:5001': { forward: 'masq' } },
      },
    });
    await succeed(ipvs, addingEntries(table));
    for (let sender = 0; sender < 3; sender++) {
      const socket = createSocket('udp4');
      socket.send('12345678', 5000, '192.0.2.50', () => socket.close());
      await once(socket, 'close');
    }
    const service = keyOf('udp://192.0.2.50:5000');
    const destination = destinationKeyOf('127.0.0.1:5001');
    const live = (await ipvs.read()).counters.get(service)?.destinations.get(destination);
    expect(live).toEqual({ active: 0, inactive: 3, persistent: 0, stats: undefined });

    const counted = { connections: 3n, inPackets: 3n, inBytes: 108n };
    const stats = async () => {
      const counters = (await ipvs.read({ stats: true })).counters.get(service);
      return [counters?.stats, counters?.destinations.get(destination)?.stats];
    };
    await vi.waitFor(
      async () =>
        expect(await stats()).toEqual([
          expect.objectContaining(counted),
          expect.objectContaining(counted),
        ]),
      {
        timeout: 60_000,
        interval: 200,
      },
    );
    await succeed(ipvs, [{ kind: 'zero', service: undefined }]);
    for (const zeroed of await stats())
      expect(zeroed).toMatchObject({ connections: 0n, inPackets: 0n, inBytes: 0n });
  });
});

describe('a module that is removed and loaded again', () => {
  test('is found again under another family id', async () => {
    await succeed(ipvs, addingEntries(tableOf({ 'fwmark:1': { scheduler: 'rr' } })));
    await succeed(ipvs, [{ kind: 'flush' }]);
    const dependents =
      'for module in $(grep -o "^ip_vs_[a-z_]*" /proc/modules); do rmmod $module; done';
    expect(
      await shell.run('sh', ['-ec', `${dependents}; rmmod ip_vs; modprobe ip_vs`]),
    ).toMatchObject({ status: 0 });
    expect((await ipvs.read()).table).toEqual(tableOf({}));
    await succeed(ipvs, addingEntries(TABLE));
    expect((await ipvs.read()).table).toEqual(TABLE);
  });
});
