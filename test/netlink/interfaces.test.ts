import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readInterfaces, withInterfaces } from '../../src/kernel/interfaces.ts';
import type { Operation } from '../../src/model/operation.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { daemonOf, tableOf } from '../support/tables.ts';

const DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
    lo:       0       0    0    0    0     0          0         0        0       0
 eth0:1:      0       0    0    0    0     0          0         0        0       0
`;

function devFile(text = DEV): string {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-dev-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'dev');
  writeFileSync(path, text);
  return path;
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

test('the names of interfaces are read with a colon in an alias', async () => {
  expect([...(await readInterfaces(devFile()))]).toEqual(['lo', 'eth0:1']);
});

test('a daemon keeps running when its successor has no interface, and other operations run', async () => {
  const table = openEmbeddedTable(tableOf({}, { daemons: [running] }));
  const refused = await withInterfaces(table, devFile()).execute([stop, start('gone0'), timeouts]);
  expect([...refused].map(([index, { errno }]) => [index, errno])).toEqual([
    [0, 'ENODEV'],
    [1, 'ENODEV'],
  ]);
  expect(table.table().daemons).toEqual([running]);
  expect(table.table().timeouts.tcp).toBe(60);
});

test('a daemon on an interface that exists is replaced', async () => {
  const table = openEmbeddedTable(tableOf({}, { daemons: [running] }));
  const refused = await withInterfaces(table, devFile()).execute([timeouts, stop, start('lo')]);
  expect(refused.size).toBe(0);
  expect(table.table().daemons).toMatchObject([{ interface: 'lo', syncId: 8 }]);
});

test('a refusal of the table keeps its place among the operations that are not sent', async () => {
  const table = openEmbeddedTable(tableOf({}));
  const refused = await withInterfaces(table, devFile()).execute([
    start('gone0'),
    stop,
    timeouts,
    stop,
  ]);
  expect([...refused.keys()].sort()).toEqual([0, 1, 3]);
});

test('a list of interfaces that cannot be read is an error and not an empty list', async () => {
  const table = withInterfaces(openEmbeddedTable(tableOf({})), '/nonexistent/dev');
  await expect(table.execute([start('lo')])).rejects.toMatchObject({ code: 'IO' });
});
