import { expect, it, onTestFinished } from 'vitest';
import { NodeReporter } from '../../src/daemon/fleet/reporter.ts';
import { encodeDocument } from '../../src/fleet/document.ts';
import type { NodeReport } from '../../src/fleet/node-report.ts';
import { DAEMON_LIFE, nodesOf } from '../../src/fleet/nodes.ts';
import type { NodeProgress } from '../../src/fleet/rollout.ts';
import { openEtcd } from '../../src/sources/etcd/client.ts';
import { REPORT } from '../fleet/node-reports.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const KEEP_MILLISECONDS = 5000;

/** A reporter whose time a test moves. */
async function reporting() {
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const clock = new VirtualClock();
  const client = openEtcd({ hosts: [etcd.host], prefix: '/prod' }, {});
  const problems: (string | undefined)[] = [];
  /** For each return, whether the node had said before that it is there. */
  const returns: boolean[] = [];
  const namesakes: (readonly (string | undefined)[])[] = [];
  let report: NodeReport = REPORT;
  let progress: NodeProgress | null = null;
  const reporter = new NodeReporter({
    ...{ client, clock, prefix: '/prod', node: 'lb1', random: () => 0.5 },
    daemon: { id: 'own', host: 'director-1' },
    report: async () => report,
    progress: async () => progress,
    onReturn: async () => void returns.push(etcd.get('/prod/nodes/lb1/life/own') !== undefined),
    onProblem: (problem) => problems.push(problem),
    onNamesakes: (others) => namesakes.push(others.map(({ host }) => host)),
  });
  /** Moves the time while a condition does not hold: answers take time of their own. */
  const passUntil = (what: string, holds: () => boolean | Promise<boolean>) =>
    until(what, async () => {
      await clock.advance(1000);
      return holds();
    });
  const writes = (): number => etcd.requests.get('/v3/kv/txn') ?? 0;
  const kept = (): number => etcd.requests.get('/v3/lease/keepalive') ?? 0;
  const node = async () => nodesOf('/prod', await client.list('/prod/'))[0];
  const change = (members: Partial<NodeReport>): void => {
    report = { ...report, ...members };
    reporter.changed();
  };
  const advance = (stage: NodeProgress['stage']): void => {
    progress = { generation: 2, round: 0, stage, halt: null };
    reporter.changed();
  };
  return {
    advance,
    etcd,
    clock,
    reporter,
    problems,
    returns,
    namesakes,
    passUntil,
    writes,
    kept,
    node,
    change,
  };
}

it('a reporter writes when the state changes, and else only keeps its lease', async () => {
  const { etcd, reporter, passUntil, writes, kept, node, change } = await reporting();
  change({});
  await passUntil('a report', () => writes() === 1);
  expect(await node()).toMatchObject({ name: 'lb1', isReporting: true });
  await passUntil('the lease was kept 5 times', () => kept() >= 5);
  change({ at: '2026-11-30T13:00:00.000Z' });
  await passUntil('the lease was kept again', () => kept() >= 7);
  expect([writes(), etcd.leaseCount]).toEqual([1, 1]);
  change({ health: 'unserved', healthy: false });
  await passUntil('a second report', () => writes() === 2);
  expect((await node())?.report?.health).toBe('unserved');
  const closed = reporter.close();
  await passUntil('its farewell', () => etcd.leaseCount === 0);
  await closed;
  expect(await node()).toMatchObject({ isReporting: false, report: { stopped: true } });
});

it('a reporter begins anew when its lease is over', async () => {
  const { etcd, passUntil, writes, node, change, problems, returns } = await reporting();
  change({});
  await passUntil('a report', () => writes() === 1);
  etcd.expireLeases();
  expect(await node()).toMatchObject({ isReporting: false, report: { stopped: false } });
  await passUntil('a second report', () => writes() === 2);
  expect(await node()).toMatchObject({ isReporting: true });
  expect(problems).toEqual([]);
  // It looks at the fleet before it says that it is there.
  expect(returns).toEqual([false, false]);
});

it('a reporter that may not write says so once, tries less often, and catches up', async () => {
  const { etcd, clock, passUntil, writes, node, change, problems } = await reporting();
  etcd.refusal = { status: 403, code: 7, message: 'etcdserver: permission denied' };
  const attempts = (): number => etcd.requests.get('/v3/lease/grant') ?? 0;
  change({});
  await passUntil('7 attempts', () => attempts() === 7);
  // 1, 2, 4, 8, 16 and 30 seconds, and some answers.
  expect(clock.now()).toBeGreaterThan(61_000);
  expect(problems).toEqual([expect.stringContaining('permission denied')]);
  etcd.refusal = undefined;
  await passUntil('a report', () => writes() === 1);
  await passUntil('the problem is over', () => problems.length === 2);
  expect(problems[1]).toBeUndefined();
  expect(await node()).toMatchObject({ isReporting: true });
});

it('a reporter that is closed does not wait for an etcd that does not answer', async () => {
  const { etcd, clock, reporter, passUntil, writes, change } = await reporting();
  change({});
  await passUntil('a report', () => writes() === 1);
  etcd.isSilent = true;
  await clock.advance(KEEP_MILLISECONDS);
  let isClosed = false;
  void reporter.close().then(() => {
    isClosed = true;
  });
  await clock.advance(1000);
  await until('closed', () => isClosed);
});

it('a reporter tells a progress in a rollout apart from its report, and that it stops', async () => {
  const { etcd, reporter, passUntil, writes, node, change, advance } = await reporting();
  change({});
  await passUntil('a report', () => writes() === 1);
  expect((await node())?.progress).toBeUndefined();
  const { at } = (await node())?.report ?? {};
  advance('taken');
  await passUntil('its progress', () => writes() === 2);
  expect(await node()).toMatchObject({
    report: { at },
    progress: { stage: 'taken', stopped: false },
  });
  advance('taken');
  advance('soaked');
  await passUntil('its progress', () => writes() === 3);
  const closed = reporter.close();
  await passUntil('its farewell', () => etcd.leaseCount === 0);
  await closed;
  expect(await node()).toMatchObject({
    ...{ isReporting: false, report: { stopped: true } },
    progress: { stage: 'soaked', stopped: true },
  });
});

it('a reporter tells of another daemon with its name, once two looks have found it', async () => {
  const { etcd, passUntil, namesakes, node, change } = await reporting();
  const other = encodeDocument(DAEMON_LIFE, { host: 'director-2' }).toString();
  etcd.put('/prod/nodes/lb1/life/other', other);
  etcd.put('/prod/nodes/lb10/life/third', other);
  change({});
  await passUntil('the second look', () => namesakes.length === 2);
  expect(namesakes).toEqual([[], ['director-2']]);
  expect((await node())?.daemons).toEqual([
    { id: 'other', host: 'director-2' },
    { id: 'own', host: 'director-1' },
  ]);
  etcd.delete('/prod/nodes/lb1/life/other');
  await passUntil('the third look', () => namesakes.length === 3);
  expect(namesakes[2]).toEqual([]);
});

it('a reporter does not take a daemon that crashed for one with its name', async () => {
  const { etcd, clock, passUntil, namesakes, change } = await reporting();
  etcd.put('/prod/nodes/lb1/life/crashed', '');
  change({});
  await passUntil('the first look', () => namesakes.length === 1);
  etcd.delete('/prod/nodes/lb1/life/crashed');
  await passUntil('the second look', () => namesakes.length === 2);
  expect(namesakes).toEqual([[], []]);
  // A look is a request more, so that it is rarer than a lease is kept.
  expect(clock.now()).toBeGreaterThanOrEqual(30_000);
});

it('only the daemon of a name that began first tells its progress, until it is gone', async () => {
  const { etcd, passUntil, node, change, advance } = await reporting();
  const life = encodeDocument(DAEMON_LIFE, { host: 'director-0' }).toString();
  etcd.put('/prod/nodes/lb1/life/first', life);
  advance('taken');
  await passUntil('a report', async () => (await node())?.report !== undefined);
  etcd.put('/prod/nodes/lb1/life/third', life);
  change({ health: 'unserved' });
  await passUntil('another report', async () => (await node())?.report?.health === 'unserved');
  expect((await node())?.progress).toBeUndefined();
  etcd.delete('/prod/nodes/lb1/life/first');
  await passUntil('its progress', async () => (await node())?.progress?.stage === 'taken');
  expect((await node())?.daemons.map(({ id }) => id)).toEqual(['own', 'third']);
});
