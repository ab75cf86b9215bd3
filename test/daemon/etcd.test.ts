import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openEtcd } from '../../src/sources/etcd/client.ts';
import { readCurrent } from '../../src/sources/etcd/generation.ts';
import { pushGeneration } from '../../src/sources/etcd/push.ts';
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
  // One is for the generation, and one for the overrides of the fleet.
  expect(etcd.watcherCount).toBeLessThanOrEqual(2);
  await push(first, '10.0.0.1');
  await hasDestination('10.0.0.1:80');
  expect(await first.stop()).toBe(0);
});

function keptFile(state: string, { state: { life } }: DaemonInProcess): string {
  return join(state, life.netns, 'etcd.json');
}

it('the daemon reports to its fleet, also what is wrong, and that it stops', async () => {
  const { folder, etcd, daemon, push, hasDestination } = await director();
  const first = daemon();
  const address = `etcd://${etcd.host}/prod`;
  const node = async () => {
    const { stdout } = await first.run('fleet', 'status', address, '-o', 'json');
    return JSON.parse(stdout).nodes[0];
  };
  await push(first, '10.0.0.1');
  await first.start();
  await hasDestination('10.0.0.1:80');
  expect(await first.run('fleet', 'status', address, '--wait', '1')).toMatchObject({ status: 0 });
  const inSync = await node();
  expect(inSync).toMatchObject({
    ...{ node: 'lb1', state: 'reporting', has_current: true, health: 'in-sync', held: null },
    generation: { read: 1, in_force: 1, applied: 1 },
    table: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(await first.status()).toMatchObject({
    fleet: { node: 'lb1', generation: { applied: 1 }, error: null },
  });
  expect((await first.get('/metrics')).body).toContain('ipvstate_generation{stage="applied"} 1');

  // A generation that a later version of the program pushed, for example.
  const text = 'version: 1\nservices: [{ adress: tcp://192.0.2.1:80 }]\n';
  writeFileSync(join(folder, 'shop.yaml'), text);
  const files = [{ name: 'shop.yaml', bytes: Buffer.from(text) }];
  const client = openEtcd({ hosts: [etcd.host], prefix: '/prod' }, {});
  const about = { author: 'a', message: '', created: '2026-11-30T12:00:00Z' };
  const current = await readCurrent(client, '/prod');
  await pushGeneration(client, '/prod', current, { ...about, files });
  await until('it says so', async () => (await node()).health === 'invalid');
  expect(await node()).toMatchObject({
    ...{ has_current: false, healthy: false, generation: { read: 2, in_force: 1, applied: 1 } },
    error: { position: { file: 'etcd:/prod@generation 2: shop.yaml', line: 2 } },
  });

  etcd.refusal = { status: 403, code: 7, message: 'etcdserver: permission denied' };
  await until('it says that it cannot report', () => first.events('fleet-silent').length === 1);
  expect((await first.run('status')).stdout).toContain('permission denied');
  etcd.refusal = undefined;
  await until('it reports again', () => first.events('fleet-reports').length === 1);
  expect(await first.stop()).toBe(0);
  expect(await node()).toMatchObject({ state: 'stopped' });
});
