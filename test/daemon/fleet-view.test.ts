import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FleetView } from '../../src/daemon/fleet/fleet-view.ts';
import type { Fleet } from '../../src/sources/etcd/nodes.ts';
import { REPORT } from '../fleet/node-reports.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { tableOf } from '../support/tables.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { validDocument } from './api/api-world.ts';

const START = Date.parse('2026-05-04T12:00:00Z');

function fleetOf(count: number): Fleet {
  const nodes = Array.from({ length: count }, (_, index) => ({
    ...{ name: `lb${index + 1}`, isReporting: true, daemons: [{ id: 'a', host: 'director' }] },
    ...{ report: REPORT, progress: undefined, problem: undefined },
  }));
  return { prefix: '/prod', current: 1, nodes, rollout: undefined, overrides: [] };
}

/** A view of a fleet whose time and whose etcd a test leads. */
function viewOf(fleet = fleetOf(2)) {
  const clock = new VirtualClock();
  const world = {
    clock,
    reads: 0,
    failure: undefined as Error | undefined,
    delay: undefined as Promise<void> | undefined,
    unreachableSince: null as string | null,
  };
  const view = new FleetView({
    ...{ address: 'etcd://etcd1:2379/prod', node: 'lb1', clock },
    wallTime: () => new Date(START + clock.now()),
    unreachableSince: () => world.unreachableSince,
    read: async () => {
      world.reads++;
      await world.delay;
      if (world.failure) throw world.failure;
      return fleet;
    },
  });
  return Object.assign(world, { view, document: async () => validDocument(await view.document()) });
}

it('the fleet is read once for all who ask at the same time, and not while nobody asks', async () => {
  const world = viewOf();
  await Promise.all([world.document(), world.document(), world.view.text()]);
  expect(world.reads).toBe(1);
  await world.clock.advance(60_000);
  expect(world.reads).toBe(1);
  expect(await world.document()).toMatchObject({
    ...{ at: '2026-05-04T12:01:00.000Z', stale: false, reason: null, since: null },
    ...{ node: 'lb1', address: 'etcd://etcd1:2379/prod' },
    fleet: { format: 'ipvstate-fleet', nodes: [{ node: 'lb1' }, { node: 'lb2' }] },
  });
  expect(world.reads).toBe(2);
});

it.each([
  { nodes: 2, seconds: 2 },
  { nodes: 200, seconds: 4 },
])('a fleet of $nodes is read every $seconds seconds at most', async ({ nodes, seconds }) => {
  const world = viewOf(fleetOf(nodes));
  expect(await world.document()).toMatchObject({ interval_seconds: seconds });
  await world.clock.advance(seconds * 1000 - 1);
  await world.document();
  expect(world.reads).toBe(1);
  await world.clock.advance(1);
  await world.document();
  expect(world.reads).toBe(2);
});

it('while etcd cannot be read, the fleet from before is shown with its time and the reason', async () => {
  const world = viewOf();
  await world.document();
  world.failure = new Error('etcd:/prod cannot be reached: refused');
  await world.clock.advance(5000);
  const shown = {
    ...{ stale: true, reason: 'etcd:/prod cannot be reached: refused' },
    ...{ at: '2026-05-04T12:00:00.000Z', since: '2026-05-04T12:00:05.000Z' },
    fleet: { nodes: [{ node: 'lb1' }, { node: 'lb2' }] },
  };
  expect(await world.document()).toMatchObject(shown);
  await world.clock.advance(5000);
  expect(await world.document()).toMatchObject(shown);
  expect(await world.view.text()).toBe(
    'etcd cannot be read since 2026-05-04 12:00:05Z: etcd:/prod cannot be reached:\n' +
      '    refused\n' +
      'The fleet as it was at 2026-05-04 12:00:00Z:\n' +
      'lb1  in-sync, generation 1\nlb2  in-sync, generation 1\n' +
      'Generation 1: 2 of 2 directors have it.\n',
  );
  world.failure = undefined;
  await world.clock.advance(5000);
  expect(await world.document()).toMatchObject({ stale: false, since: null });
});

it('an etcd that was away before somebody looked is away since the daemon noticed it', async () => {
  const world = viewOf();
  world.failure = new Error('etcd:/prod cannot be reached: refused');
  world.unreachableSince = '2026-05-04T09:00:00.000Z';
  expect(await world.document()).toMatchObject({
    ...{ at: null, fleet: null, stale: true, since: '2026-05-04T09:00:00.000Z' },
  });
});

it('nobody waits for long for an etcd that does not answer', async () => {
  const world = viewOf();
  let answer = (): void => {};
  world.delay = new Promise((resolve) => {
    answer = resolve;
  });
  const first = world.document();
  await world.clock.advance(2000);
  expect(await first).toMatchObject({ stale: false, fleet: null });
  const text = world.view.text();
  await world.clock.advance(2000);
  expect(await text).toBe('etcd has not answered yet\n');
  await world.clock.advance(6000);
  const silent = world.document();
  await world.clock.advance(2000);
  expect(await silent).toMatchObject({
    ...{ stale: true, reason: 'etcd does not answer', since: '2026-05-04T12:00:00.000Z' },
  });
  expect(world.reads).toBe(1);
  answer();
  await until('the answer', async () => (await world.view.document()).fleet !== null);
});

/** A daemon that reads its files from a folder or from etcd. */
async function daemonWith(from: (folder: string, host: string) => readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-fleet-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  writeFileSync(join(folder, 'shop.yaml'), 'version: 1\nservices: []\n');
  const kernel = async () => openMisbehavingTable(tableOf({}), {});
  const args = [...from(folder, etcd.host), '--interval', '50ms', '--debounce', '20ms'];
  const daemon = new DaemonInProcess(join(folder, 'daemon'), args, kernel);
  onTestFinished(async () => void (await daemon.stop()));
  const to = `etcd://${etcd.host}/prod`;
  await daemon.run('push', '-f', join(folder, 'shop.yaml'), '--to', to);
  await daemon.start();
  return { daemon, etcd };
}

it('a daemon that follows etcd serves the fleet as JSON and as text', async () => {
  const { daemon } = await daemonWith((_, host) => ['-f', `etcd://${host}/prod`, '--node', 'lb1']);
  await until('lb1 is in sync', async () =>
    (await daemon.get('/fleet')).body.startsWith('lb1  in-sync, generation 1\n'),
  );
  const { status, body } = await daemon.get('/api/v1/fleet');
  expect({ status, document: validDocument(JSON.parse(body)) }).toMatchObject({
    status: 200,
    document: { node: 'lb1', stale: false, fleet: { current: 1, nodes: [{ node: 'lb1' }] } },
  });
  const refused = await daemon.get('/api/v1/fleet?node=lb1');
  expect({ status: refused.status, ...JSON.parse(refused.body).error }).toMatchObject({
    ...{ status: 400, message: 'this page does not know "node"' },
  });
});

it('a daemon that follows etcd without a name shows the others', async () => {
  const { daemon } = await daemonWith((_, host) => ['-f', `etcd://${host}/prod`]);
  const { body } = await daemon.get('/api/v1/fleet');
  expect(JSON.parse(body)).toMatchObject({ node: null, fleet: { current: 1, nodes: [] } });
});

it('a daemon that follows files has no page of a fleet', async () => {
  const { daemon } = await daemonWith((folder) => ['-f', join(folder, 'shop.yaml')]);
  expect((await daemon.get('/fleet')).status).toBe(404);
  const { status, body } = await daemon.get('/api/v1/fleet');
  expect({ status, format: JSON.parse(body).format }).toEqual({
    ...{ status: 404, format: 'ipvstate-error' },
  });
});
