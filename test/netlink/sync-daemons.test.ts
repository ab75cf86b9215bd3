import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readInterfaces } from '../../src/kernel/interfaces.ts';
import { withInterfaces } from '../../src/kernel/sync-daemons.ts';
import type { Fields } from '../../src/model/attributes.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Change } from '../../src/plan/change.ts';
import { diff } from '../../src/plan/diff.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { changeFields, fieldChanges } from '../../src/plan/fields.ts';
import { loadTable, storeTable } from '../../src/recovery/records/stored-table.ts';
import { daemonOf, tableOf } from '../support/tables.ts';

const DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
    lo:       0       0    0    0    0     0          0         0        0       0
 eth0:1:      0       0    0    0    0     0          0         0        0       0
`;

const IGMP = `Idx	Device    : Count Querier	Reporter
1	lo        :     1      V3
				010000E0     1 0:00000000		0
`;

/** A folder like /proc/net. */
function netFolder(dev = DEV, igmp = IGMP): string {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-net-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'dev'), dev);
  writeFileSync(join(folder, 'igmp'), igmp);
  return folder;
}

const running = { ...daemonOf('master'), interface: 'gone0' };
const stop: Operation = { kind: 'stop-daemon', role: 'master' };
const start = (name: string): Operation => ({
  kind: 'start-daemon',
  daemon: { ...daemonOf('master'), interface: name, syncId: 8 },
});
const timeouts: Operation = {
  kind: 'set-timeouts',
  timeouts: { tcp: 60, tcpFin: 0, udp: 0 },
};

test('interfaces are read with a colon in an alias, and with their indexes where there are any', async () => {
  expect([...(await readInterfaces(netFolder()))]).toEqual([
    ['lo', 1],
    ['eth0:1', undefined],
  ]);
});

test('a daemon keeps running when its successor has no interface, and other operations run', async () => {
  const table = openEmbeddedTable(tableOf({}, { daemons: [running] }));
  const refused = await withInterfaces(table, netFolder()).execute([
    stop,
    start('gone0'),
    timeouts,
  ]);
  expect([...refused].map(([index, { errno }]) => [index, errno])).toEqual([
    [0, 'ENODEV'],
    [1, 'ENODEV'],
  ]);
  expect(table.table().daemons).toEqual([running]);
  expect(table.table().timeouts.tcp).toBe(60);
});

test('a daemon on an interface that exists is replaced', async () => {
  const table = openEmbeddedTable(tableOf({}, { daemons: [running] }));
  const refused = await withInterfaces(table, netFolder()).execute([timeouts, stop, start('lo')]);
  expect(refused.size).toBe(0);
  expect(table.table().daemons).toMatchObject([{ interface: 'lo', syncId: 8 }]);
});

test('a refusal of the table keeps its place among the operations that are not sent', async () => {
  const table = openEmbeddedTable(tableOf({}));
  const refused = await withInterfaces(table, netFolder()).execute([
    start('gone0'),
    stop,
    timeouts,
    stop,
  ]);
  expect([...refused.keys()].sort()).toEqual([0, 1, 3]);
});

test('a list of interfaces that cannot be read is an error and not an empty list', async () => {
  const table = withInterfaces(openEmbeddedTable(tableOf({})), '/nonexistent');
  await expect(table.execute([start('lo')])).rejects.toMatchObject({ code: 'IO' });
});

const ETH1 = `${DEV}  eth1:       0       0    0    0    0     0          0         0        0       0\n`;
const igmpOf = (index: number) => `${IGMP}${index}\teth1      :     1      V3\n`;

describe('a running daemon whose interface is gone', () => {
  const master = { ...daemonOf('master'), interface: 'eth1' };

  async function isStranded(ipvs: Ipvs) {
    const { table } = await ipvs.read();
    return table.daemons.map(({ role, isStranded: is = false }) => [role, is]);
  }

  test('is stranded, and no other daemon is', async () => {
    const backup = { ...daemonOf('backup'), interface: 'lo' };
    const table = openEmbeddedTable(tableOf({}, { daemons: [master, backup] }));
    expect(await isStranded(withInterfaces(table, netFolder()))).toEqual([
      ['master', true],
      ['backup', false],
    ]);
  });

  test.each([
    ['with a known index', igmpOf(9)],
    ['without an index', IGMP],
  ])(
    'stays stranded beside a new interface of that name %s, until it is started again',
    async (_name, igmp) => {
      const folder = netFolder(ETH1, igmpOf(7));
      const ipvs = withInterfaces(openEmbeddedTable(tableOf({}, { daemons: [master] })), folder);
      expect(await isStranded(ipvs)).toEqual([['master', false]]);
      writeFileSync(join(folder, 'dev'), DEV);
      expect(await isStranded(ipvs)).toEqual([['master', true]]);
      writeFileSync(join(folder, 'dev'), ETH1);
      writeFileSync(join(folder, 'igmp'), igmp);
      expect(await isStranded(ipvs)).toEqual([['master', true]]);
      await ipvs.execute([stop, { kind: 'start-daemon', daemon: master }]);
      expect(await isStranded(ipvs)).toEqual([['master', false]]);
    },
  );

  test('is found by its index although no read fell between the two interfaces', async () => {
    const folder = netFolder(ETH1, igmpOf(7));
    const ipvs = withInterfaces(openEmbeddedTable(tableOf({}, { daemons: [master] })), folder);
    await ipvs.read();
    writeFileSync(join(folder, 'igmp'), igmpOf(9));
    expect(await isStranded(ipvs)).toEqual([['master', true]]);
  });

  test('is a change of its state, and is as desired where the files do not manage it', async () => {
    const { table } = await withInterfaces(
      openEmbeddedTable(tableOf({}, { daemons: [master] })),
      netFolder(),
    ).read();
    expect(diff(table, table)).toEqual([]);
    const [change] = diff(table, { ...table, daemons: [master] });
    const { before, after } = changeFields(change as Change);
    expect(fieldChanges(before as Fields, after as Fields)).toEqual([
      { field: 'state', before: 'interface is gone', after: 'running' },
    ]);
  });

  test('is stored without its state, as a record that can be loaded', async () => {
    const { table } = await withInterfaces(
      openEmbeddedTable(tableOf({}, { daemons: [master] })),
      netFolder(),
    ).read();
    expect(loadTable(storeTable(table))?.daemons).toEqual([master]);
  });
});
