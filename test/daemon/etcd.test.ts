import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DaemonInProcess } from '../support/daemon.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { keyOf, tableOf } from '../support/tables.ts';
import { until } from '../support/until.ts';

const SERVICE = keyOf('tcp://192.0.2.1:80');

const fileWith = (destination: string): string => `version: 1
services:
  - address: tcp://192.0.2.1:80
    destinations: [${destination}]
`;

/** A director that follows etcd, on a table in memory. */
async function director() {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-etcd-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const kernel = openMisbehavingTable(tableOf({}), {});
  const address = `etcd://${etcd.host}/prod`;
  const daemon = () =>
    new DaemonInProcess(
      join(folder, 'daemon'),
      ['-f', address, '--node', 'lb1', '--interval', '50ms', '--debounce', '20ms'],
      async () => kernel,
    );
  const push = async (daemonThere: DaemonInProcess, destination: string) => {
    writeFileSync(join(folder, 'shop.yaml'), fileWith(destination));
    const ran = await daemonThere.run('push', '-f', join(folder, 'shop.yaml'), '--to', address);
    expect(ran).toMatchObject({ status: 0 });
  };
  const hasDestination = (destination: string) =>
    until(`the table has ${destination}`, async () => {
      const { table } = await kernel.read();
      return [...(table.services.get(SERVICE)?.destinations.keys() ?? [])].join() === destination;
    });
  return { folder, etcd, daemon, push, hasDestination };
}

it('the daemon follows etcd, keeps its table without it, and starts without it', async () => {
  const { folder, etcd, daemon, push, hasDestination } = await director();
  const first = daemon();
  await push(first, '10.0.0.1');
  await first.start();
  await hasDestination('10.0.0.1:80');
  await push(first, '10.0.0.2');
  await hasDestination('10.0.0.2:80');
  expect(await first.status()).toMatchObject({
    ...{ health: 'in-sync', source: null, watch: { mode: 'etcd' } },
    files: [{ path: 'etcd:/prod@generation 2: shop.yaml' }],
  });

  await etcd.stop();
  expect(await first.run('reload')).toMatchObject({ status: 2 });
  const status = await first.status();
  expect(status).toMatchObject({
    health: 'source-unreachable',
    why: [expect.stringContaining('etcd:/prod cannot be reached')],
    source: { since: expect.any(String), message: expect.stringContaining('ECONNREFUSED') },
    config: { valid: true, services: 1 },
  });
  expect((await first.run('status')).stdout).toContain('its source cannot be read');
  expect(await first.get('/readyz')).toMatchObject({
    status: 200,
    body: expect.stringContaining('cannot be reached'),
  });
  const { body: metrics } = await first.get('/metrics');
  expect(metrics).toContain('ipvstate_health{state="source-unreachable"} 1');
  expect(metrics).toMatch(/^ipvstate_source_unreachable_timestamp_seconds [1-9]/m);
  expect(first.events('source-unreachable')).toHaveLength(1);
  const [kept] = [join(folder, 'daemon/state')].map((state) => keptFile(state, first));
  expect(statSync(kept ?? '').mode & 0o777).toBe(0o600);
  expect(await first.stop()).toBe(0);

  const second = await daemon().start();
  await hasDestination('10.0.0.2:80');
  await until('it says so', async () => (await second.status()).health === 'source-unreachable');
  await etcd.start();
  expect(await second.run('reload')).toMatchObject({ status: 0 });
  expect(await second.status()).toMatchObject({ health: 'in-sync', source: null });
  expect(second.events('source-read')).toHaveLength(1);
  await push(second, '10.0.0.3');
  await hasDestination('10.0.0.3:80');
  expect(await second.stop()).toBe(0);
});

it('a daemon that has no configuration yet waits for etcd, and writes nothing', async () => {
  const { etcd, daemon, push, hasDestination } = await director();
  const first = await daemon().start();
  expect(await first.status()).toMatchObject({
    health: 'invalid',
    config: { error: { code: 'NO_INPUT', message: 'etcd:/prod has no generation' } },
  });
  expect(etcd.watcherCount).toBeLessThanOrEqual(1);
  await push(first, '10.0.0.1');
  await hasDestination('10.0.0.1:80');
  expect(await first.stop()).toBe(0);
});

function keptFile(state: string, { state: { life } }: DaemonInProcess): string {
  return join(state, life.netns, 'etcd.json');
}
