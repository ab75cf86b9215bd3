import { expect, it, onTestFinished } from 'vitest';
import type { NodeProgress, Rollout } from '../../../src/fleet/rollout.ts';
import { openEtcd } from '../../../src/sources/etcd/client.ts';
import { FollowedEtcd, type GenerationStore } from '../../../src/sources/etcd/followed.ts';
import { readCurrent, requireCurrent } from '../../../src/sources/etcd/generation.ts';
import { pushGeneration } from '../../../src/sources/etcd/push.ts';
import { markRollout, readFailureAway } from '../../../src/sources/etcd/rollouts.ts';
import { systemClock } from '../../../src/sources/files/clock.ts';
import { encodedProgress } from '../../fleet/node-reports.ts';
import { FakeEtcd } from '../../support/fake-etcd.ts';
import { until } from '../../support/until.ts';

const ROLLOUT_KEY = '/prod/rollouts/0000000000000002';
const OP = { by: 'op@ci', reason: 'too hot', at: '2026-11-30T12:00:00Z' };

/** Waits are a hundredth of those of the program: tests wait for conditions. */
const clock = {
  ...systemClock,
  after: (milliseconds: number, callback: () => void) =>
    systemClock.after(milliseconds / 100, callback),
};

async function startFleet() {
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const client = openEtcd({ hosts: [etcd.host], prefix: '/prod' }, {});
  const push = async (text: string, rollout?: Partial<Rollout>) => {
    const current = await readCurrent(client, '/prod');
    const base = current ? { generation: current.generation, sha256: current.sha256 } : null;
    await pushGeneration(client, '/prod', current, {
      ...{ author: 'a', message: '', created: OP.at },
      files: [{ name: 'a.yaml', bytes: Buffer.from(text) }],
      rollout: rollout && { base, waves: [['lb1']], soak_seconds: 0, max_failed: 0, ...rollout },
    });
  };
  const report = (node: string, stage: NodeProgress['stage'], members = {}): void => {
    etcd.put(`/prod/nodes/${node}/progress`, encodedProgress({ stage, ...members }).toString());
    etcd.put(`/prod/nodes/${node}/life`, '');
  };
  /** Ends the lease of a node. */
  const goAway = (node: string) =>
    client.ask('kv/deleterange', { key: base64(`/prod/nodes/${node}/life`) });
  return { etcd, client, push, report, goAway };
}

/** Follows as the daemon of a node does. */
function follow(etcd: FakeEtcd, node: string, store?: GenerationStore) {
  const client = openEtcd({ hosts: [etcd.host], prefix: '/prod' }, {});
  const source = new FollowedEtcd({
    ...{ client, prefix: '/prod', node, store, clock, random: () => 0.5 },
  });
  let seen = '';
  const watching = source.watch({
    quietMilliseconds: 0,
    onChange: async () => {
      const documents = await source.read().catch((error: Error) => error);
      seen = documents instanceof Error ? documents.message : `${documents[0]?.bytes}`;
    },
  });
  onTestFinished(async () => (await watching).close());
  const untilSeen = (text: string) => until(`${node} sees ${text}`, () => seen === text);
  /** Resolves when the node has looked at etcd twice more. */
  const looks = async (): Promise<void> => {
    const count = (): number => etcd.requests.get('/v3/kv/txn') ?? 0;
    const before = count();
    await until('two more looks', () => count() >= before + 2);
  };
  return { source, seen: () => seen, untilSeen, looks };
}

it('a node waits for its wave, and takes the generation when the waves before are done', async () => {
  const { etcd, push, report } = await startFleet();
  await push('one');
  const [lb1, lb2] = [follow(etcd, 'lb1'), follow(etcd, 'lb2')];
  await lb1.untilSeen('one');
  await lb2.untilSeen('one');
  report('lb1', 'waiting');
  report('lb2', 'waiting');
  await push('two', {});
  await lb1.untilSeen('two');
  await lb2.looks();
  report('lb1', 'taken');
  await lb2.looks();
  expect(lb2.seen()).toBe('one');
  expect(lb2.source).toMatchObject({ rollout: { generation: 2, isTaken: false, isDone: false } });
  report('lb1', 'soaked');
  await lb2.untilSeen('two');
  report('lb2', 'soaked');
  await until('it is done', () => lb2.source.rollout?.isDone === true);
});

it('a halted rollout goes no further until it is resumed', async () => {
  const { etcd, client, push, report } = await startFleet();
  await push('one');
  const lb2 = follow(etcd, 'lb2');
  await lb2.untilSeen('one');
  report('lb2', 'waiting');
  await push('two', {});
  await markRollout(client, '/prod', { ...OP, halted: true });
  report('lb1', 'soaked');
  await until('it sees the halt', () => lb2.source.rollout?.halt === 'by op@ci: too hot');
  expect(lb2.seen()).toBe('one');
  await markRollout(client, '/prod', { ...OP, halted: false });
  await lb2.untilSeen('two');
});

it('a failure halts the rollout for all, until it is resumed', async () => {
  const { etcd, client, push, report } = await startFleet();
  await push('one');
  const lb2 = follow(etcd, 'lb2');
  await lb2.untilSeen('one');
  report('lb1', 'failed');
  await push('two', {});
  await until('it sees the halt', () => lb2.source.rollout?.halt === 'lb1 failed');
  // The failed node recovers; another one had written down what it saw.
  report('lb3', 'waiting', { halt: 'lb1 failed' });
  report('lb1', 'soaked');
  await lb2.looks();
  expect(lb2.seen()).toBe('one');
  await markRollout(client, '/prod', { ...OP, halted: false });
  await lb2.untilSeen('two');
});

it('a node that comes back tells what others have seen while it was away', async () => {
  const { client, push, report, goAway } = await startFleet();
  const failure = (node: string) => readFailureAway(client, '/prod', node);
  await push('one');
  report('lb1', 'taken', { generation: 1 });
  await goAway('lb1');
  expect(await failure('lb1')).toBeUndefined();
  await push('two', { waves: [['lb1'], ['lb2']] });
  report('lb2', 'waiting');
  for (const stage of ['taken', 'soaked'] as const) {
    report('lb1', stage);
    expect(await failure('lb1')).toBeUndefined();
    await goAway('lb1');
    expect(await failure('lb1')).toEqual({
      ...{ generation: 2, round: 0, stage: 'failed', halt: 'lb1 failed' },
    });
    // One that was stopped, and one that waits, have not failed.
    report('lb1', stage, { stopped: true });
    await goAway('lb1');
    expect(await failure('lb1')).toBeUndefined();
    expect(await failure('lb2')).toBeUndefined();
  }
});

it('a rollout that was done is not halted by a node that goes away later', async () => {
  const { etcd, client, push, report, goAway } = await startFleet();
  await push('one');
  await push('two', { waves: [['lb1'], ['lb2']] });
  for (const node of ['lb1', 'lb2', 'lb3']) report(node, 'soaked');
  for (const node of ['lb1', 'lb2']) await goAway(node);
  expect(await readFailureAway(client, '/prod', 'lb1')).toBeUndefined();
  const lb1 = follow(etcd, 'lb1');
  await lb1.untilSeen('two');
  expect(lb1.source.rollout).toMatchObject({ halt: undefined, isTaken: true });
});

it('a node without a generation gets the one that all were allowed to have', async () => {
  const { etcd, push } = await startFleet();
  await push('one');
  await push('two', {});
  await follow(etcd, 'lb9').untilSeen('one');
  await follow(etcd, 'lb1').untilSeen('two');
});

it('a first generation is nothing for the nodes of later waves', async () => {
  const { etcd, push } = await startFleet();
  await push('one', {});
  await follow(etcd, 'lb1').untilSeen('one');
  await follow(etcd, 'lb2').untilSeen('generation 1 of etcd:/prod is not for lb2 yet');
});

it('a generation without a rollout goes to all at once, also in the midst of one', async () => {
  const { etcd, push } = await startFleet();
  await push('one');
  const lb2 = follow(etcd, 'lb2');
  await lb2.untilSeen('one');
  await push('two', {});
  await until('it waits', () => lb2.source.rollout?.isTaken === false);
  await push('three');
  await lb2.untilSeen('three');
  expect(lb2.source.rollout).toBeUndefined();
});

it.each([
  ['missing', undefined, /rollouts\/0+2 is missing/],
  ['another one', '{}', /rollouts\/0+2 is damaged/],
])('a rollout that is %s lets no node have the generation', async (_, value, problem) => {
  const { etcd, client, push } = await startFleet();
  await push('one');
  const lb1 = follow(etcd, 'lb1');
  await lb1.untilSeen('one');
  await push('two', { waves: [['lb8']] });
  const rollout = etcd.get(ROLLOUT_KEY);
  expect(rollout).toContain('ipvstate-rollout');
  if (value === undefined) await client.ask('kv/deleterange', { key: base64(ROLLOUT_KEY) });
  else etcd.put(ROLLOUT_KEY, value);
  await until('it says so', () => problem.test(lb1.source.problem?.message ?? ''));
  expect(lb1.seen()).toBe('one');
  expect((await requireCurrent(client, '/prod')).generation).toBe(2);
});

it('a node that waits reads the fleet only when something has changed', async () => {
  const { etcd, push, report } = await startFleet();
  await push('one');
  const lb2 = follow(etcd, 'lb2');
  await lb2.untilSeen('one');
  await push('two', {});
  await until('it waits', () => lb2.source.rollout?.isTaken === false);
  // A snapshot also asks for the rollout, and the short look does not.
  const snapshots = () => etcd.rangeCount(ROLLOUT_KEY);
  await lb2.looks();
  const before = snapshots();
  await lb2.looks();
  await lb2.looks();
  expect(snapshots()).toBe(before);
  report('lb1', 'taken');
  await until('it reads the fleet', () => snapshots() > before);
});

it('an operator who was slower changes nothing', async () => {
  const { etcd, client, push } = await startFleet();
  await push('one');
  await expect(markRollout(client, '/prod', { ...OP, halted: true })).rejects.toMatchObject({
    code: 'NO_INPUT',
  });
  await push('two', {});
  await markRollout(client, '/prod', { ...OP, halted: true });
  let count = 0;
  etcd.onTransaction = () => {
    // The first transaction reads, and the second one writes.
    if (++count === 2) etcd.put('/prod/rollout-mark', etcd.get('/prod/rollout-mark') ?? '');
  };
  await expect(markRollout(client, '/prod', { ...OP, halted: false })).rejects.toMatchObject({
    code: 'STALE',
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
