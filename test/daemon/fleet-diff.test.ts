import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DaemonInProcess } from '../support/daemon.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { tableOf } from '../support/tables.ts';
import { until } from '../support/until.ts';

const fileWith = (weight: number): string => `version: 1
manage: { include: [{ cidr: 192.0.2.0/24 }] }
services:
  - name: shop
    address: tcp://192.0.2.1:80
    destinations: ["10.0.0.1", { address: 10.0.0.2, weight: ${weight} }]
`;

it('a plan tells whether the live table of a director is as its files say', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-diff-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const address = `etcd://${etcd.host}/prod`;
  // A service that the files do not manage takes no part, and neither do settings.
  const foreign = { 'udp://203.0.113.1:53': { destinations: { '10.9.0.1:53': 1 } } };
  const kernel = openMisbehavingTable(
    tableOf(foreign, { timeouts: { tcp: 1, tcpFin: 2, udp: 3 } }),
    {},
  );
  const args = ['-f', address, '--node', 'lb1', '--interval', '50ms', '--debounce', '20ms'];
  const daemon = new DaemonInProcess(join(folder, 'lb1'), args, async () => kernel);
  const push = (weight: number, ...options: readonly string[]) => {
    writeFileSync(join(folder, 'shop.yaml'), fileWith(weight));
    return daemon.run('push', '-f', join(folder, 'shop.yaml'), '--to', address, ...options);
  };
  await push(1);
  await daemon.start();
  const says = (text: string) =>
    until(`the plan says: ${text}`, async () => {
      const { stdout } = await push(7, '--dry-run');
      return stdout.replace(/\s+/g, ' ').includes(text);
    });
  await says('lb1: 1 destination to edit; the live table is as generation 1 says');
  await daemon.run('fleet', 'drain', address, '10.0.0.1');
  await until('it is drained', async () => ((await daemon.status()).overrides?.length ?? 0) === 1);
  await says('lb1: 1 destination to edit; the live table is as generation 1 says');
  await daemon.run('weight', 'shop', '10.0.0.2', '3');
  await says(
    'lb1: 1 destination to edit; from the files of generation 1 alone, because its live weights ' +
      'or servers are others',
  );
  expect(await daemon.run('fleet', 'diff', address, 'lb1')).toMatchObject({ status: 0 });
  expect(await daemon.stop()).toBe(0);
  await says('from the files of generation 1 alone, because it is stopped');
});
