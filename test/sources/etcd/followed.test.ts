import { describe, expect, it, onTestFinished } from 'vitest';
import { openEtcd } from '../../../src/sources/etcd/client.ts';
import {
  readCurrent,
  readGeneration,
  requireCurrent,
} from '../../../src/sources/etcd/generation.ts';
import { pushAgain, pushGeneration } from '../../../src/sources/etcd/push.ts';
import { encodedReport } from '../../fleet/node-reports.ts';
import { FakeEtcd } from '../../support/fake-etcd.ts';
import { ABOUT, follow, memoryStore, PREFIX, pushTo } from '../../support/followed-etcd.ts';
import { until } from '../../support/until.ts';

async function startEtcd() {
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const client = openEtcd({ hosts: [etcd.host], prefix: PREFIX }, {});
  const push = (files: Readonly<Record<string, string>>) => pushTo(etcd.host, files);
  return { etcd, client, push };
}

describe('a configuration in etcd', () => {
  it('is read whole, with the names of its files and the number of its generation', async () => {
    const { client, push } = await startEtcd();
    await push({ 'a.yaml': 'A', 'nodes/lb1/b.yaml': '' });
    const current = await requireCurrent(client, PREFIX);
    const { documentsOf } = await import('../../../src/sources/etcd/generation.ts');
    const generation = await readGeneration(client, PREFIX, current);
    expect(documentsOf(PREFIX, generation, undefined)).toEqual([
      { name: 'etcd:/prod@generation 1: a.yaml', bytes: Buffer.from('A') },
      { name: 'etcd:/prod@generation 1: nodes/lb1/b.yaml', bytes: Buffer.alloc(0), node: 'lb1' },
    ]);
    expect(documentsOf(PREFIX, generation, 'lb2')).toHaveLength(1);
  });

  it('has files that are larger than a request of etcd, in shared chunks', async () => {
    const { client, push, etcd } = await startEtcd();
    const half = 'x'.repeat(1024 * 1024);
    await push({ 'a.yaml': `${half}${half}y`, 'b.yaml': half });
    const generation = await readGeneration(client, PREFIX, await requireCurrent(client, PREFIX));
    expect(generation.files.map(({ bytes }) => bytes.length)).toEqual([
      2 * half.length + 1,
      half.length,
    ]);
    expect((await client.list(`${PREFIX}/chunks/`)).length).toBe(2);
    expect(etcd.get(`${PREFIX}/generations/0000000000000001`)).toContain('"a.yaml"');
  });

  it('has one of two generations that are pushed at once, and the other push is stale', async () => {
    const { client, push } = await startEtcd();
    await push({ 'a.yaml': '1' });
    const current = await readCurrent(client, PREFIX);
    const next = (text: string) =>
      pushGeneration(client, PREFIX, current, {
        ...ABOUT,
        files: [{ name: 'a.yaml', bytes: Buffer.from(text) }],
      });
    const results = await Promise.allSettled([next('2'), next('3')]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results).toContainEqual({
      status: 'rejected',
      reason: expect.objectContaining({ code: 'STALE' }),
    });
  });

  it('goes back to the files of an earlier generation as a new one', async () => {
    const { client, push } = await startEtcd();
    await push({ 'a.yaml': '1' });
    await push({ 'a.yaml': '2' });
    const current = await requireCurrent(client, PREFIX);
    expect(await pushAgain(client, PREFIX, current, 1, ABOUT)).toMatchObject({
      ...{ manifest: { generation: 3, parent: 2, copy_of: 1 }, current: 3 },
    });
    const { files } = await readGeneration(client, PREFIX, await requireCurrent(client, PREFIX));
    expect(files).toEqual([{ name: 'a.yaml', bytes: Buffer.from('1') }]);
    await expect(pushAgain(client, PREFIX, current, 9, ABOUT)).rejects.toMatchObject({
      code: 'NO_INPUT',
    });
  });

  const key = (name: string) => `${PREFIX}/${name}`;
  const MANIFEST = key('generations/0000000000000001');
  it.each<[string, (etcd: FakeEtcd) => void, RegExp]>([
    ['text', (etcd) => etcd.put(key('current'), 'x'), /current is damaged/],
    ['another format', (etcd) => etcd.put(key('current'), '{}'), /is no ipvstate-current/],
    [
      'a later version',
      (etcd) => etcd.put(key('current'), '{"format":"ipvstate-current","version":2}'),
      /has version 2, and this program knows version 1/,
    ],
    [
      'a number of no generation',
      (etcd) => {
        const current = JSON.parse(etcd.get(key('current')) ?? '');
        etcd.put(key('current'), JSON.stringify({ ...current, generation: -1 }));
      },
      /current is damaged/,
    ],
    [
      'a manifest with another digest',
      (etcd) => etcd.put(MANIFEST, `${etcd.get(MANIFEST)} `),
      /generation 1: its manifest is damaged/,
    ],
    [
      'a name outside of the folder',
      (etcd) => etcd.put(MANIFEST, etcd.get(MANIFEST)?.replace('a.yaml', '../a.yaml') ?? ''),
      /0001 is damaged/,
    ],
    [
      'another chunk',
      (etcd) => {
        const [chunk] = JSON.parse(etcd.get(MANIFEST) ?? '').files[0].chunks;
        etcd.put(key(`chunks/${chunk}`), 'other');
      },
      /generation 1: a.yaml is damaged/,
    ],
  ])('is refused with %s in a key', async (_, damage, message) => {
    const { etcd, client, push } = await startEtcd();
    await push({ 'a.yaml': 'A' });
    damage(etcd);
    const read = async () => readGeneration(client, PREFIX, await requireCurrent(client, PREFIX));
    await expect(read()).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(message),
    });
  });
});

describe('a configuration in etcd that is followed', () => {
  it('is read again at once when a generation was pushed', async () => {
    const { etcd, push } = await startEtcd();
    await push({ 'a.yaml': '1' });
    const { untilSeen } = follow(etcd);
    await untilSeen('1');
    await push({ 'a.yaml': '2' });
    await untilSeen('2');
  });

  it('stays while etcd is away, and catches up by itself', async () => {
    const { etcd, client, push } = await startEtcd();
    await push({ 'a.yaml': '1' });
    const { seen, untilSeen, untilProblem } = follow(etcd);
    await untilSeen('1');
    await etcd.stop();
    await untilProblem(/cannot be reached/);
    expect(seen()).toBe('1');
    await etcd.start();
    await untilProblem(undefined);
    expect(await client.get(`${PREFIX}/current`)).toBeDefined();
    await push({ 'a.yaml': '2' });
    await untilSeen('2');
  });

  it.each<[string, (etcd: FakeEtcd) => void, RegExp, (etcd: FakeEtcd) => void]>([
    [
      'permission is lost',
      (etcd) => {
        etcd.refusal = { status: 403, code: 7, message: 'etcdserver: permission denied' };
      },
      /permission denied/,
      (etcd) => {
        etcd.refusal = undefined;
      },
    ],
    ['its prefix is empty', (etcd) => etcd.clear(), /has no generation/, () => {}],
    [
      'a later version is pushed',
      (etcd) => etcd.put(`${PREFIX}/current`, '{"format":"ipvstate-current","version":2}'),
      /has version 2/,
      () => {},
    ],
  ])('stays while %s', async (_, begin, problem, end) => {
    const { etcd, push } = await startEtcd();
    await push({ 'a.yaml': '1' });
    const backup = etcd.backup();
    const { seen, untilSeen, untilProblem } = follow(etcd);
    await untilSeen('1');
    begin(etcd);
    await untilProblem(problem);
    expect(seen()).toBe('1');
    end(etcd);
    etcd.restore(backup);
    await untilProblem(undefined);
    await push({ 'a.yaml': '2' });
    await untilSeen('2');
  });

  it('is watched again when etcd ends the watch, as it does after a compaction', async () => {
    const { etcd, push } = await startEtcd();
    await push({ 'a.yaml': '1' });
    const { untilSeen } = follow(etcd);
    await untilSeen('1');
    await until('the watch', () => etcd.watcherCount === 1);
    etcd.cancelWatches();
    await push({ 'a.yaml': '2' });
    await untilSeen('2');
    await until('the watch', () => etcd.watcherCount === 1);
  });

  it('is watched again when the connection of the watch hangs and a push shows it', async () => {
    const { etcd, push } = await startEtcd();
    await push({ 'a.yaml': '1' });
    const { untilSeen } = follow(etcd);
    await untilSeen('1');
    await until('the watch', () => etcd.watcherCount === 1);
    etcd.muteWatches();
    await push({ 'a.yaml': '2' });
    await untilSeen('2');
    await until('another watch', () => etcd.watcherCount === 1);
  });

  it('stays when etcd has an older generation, until the next push', async () => {
    const { etcd, push } = await startEtcd();
    await push({ 'a.yaml': '1' });
    const backup = etcd.backup();
    await push({ 'a.yaml': '2' });
    await push({ 'a.yaml': '3' });
    const store = memoryStore();
    const { seen, untilSeen, untilProblem } = follow(etcd, { store });
    await untilSeen('3');
    etcd.restore(backup);
    await untilProblem(/went back from generation 3 to 1/);
    expect(seen()).toBe('3');
    const restarted = follow(etcd, { store });
    await restarted.untilProblem(/went back from generation 3 to 1/);
    await push({ 'a.yaml': 'new' });
    for (const each of [{ untilSeen }, restarted]) await each.untilSeen('new');
    await untilProblem(undefined);
  });

  it('is pushed again with a higher number than directors report when etcd lost it', async () => {
    const { etcd, client, push } = await startEtcd();
    for (const text of ['1', '2', '3']) await push({ 'a.yaml': text });
    const { seen, untilSeen, untilProblem } = follow(etcd, { node: 'lb1' });
    await untilSeen('3');
    etcd.clear();
    await untilProblem(/has no generation/);
    expect(seen()).toBe('3');
    const report = (read: number) =>
      encodedReport({ generation: { read, in_force: read, applied: read } }).toString();
    etcd.put(`${PREFIX}/reports/lb1`, report(3));
    // Nobody can use up the numbers.
    etcd.put(`${PREFIX}/reports/lb2`, report(Number.MAX_SAFE_INTEGER));
    await push({ 'a.yaml': '4' });
    await untilSeen('4');
    expect(await readCurrent(client, PREFIX)).toMatchObject({ generation: 4 });
    await untilProblem(undefined);
  });

  it('has the last valid generation when a director starts without etcd', async () => {
    const { etcd, push } = await startEtcd();
    await push({ 'a.yaml': '1' });
    const store = memoryStore();
    const first = follow(etcd, { store });
    await first.untilSeen('1');
    await until('it is kept', () => store.kept?.generation === 1);
    await etcd.stop();
    const second = follow(etcd, { store });
    await second.untilSeen('1');
    expect(second.source.problem?.message).toMatch(/cannot be reached/);
    await etcd.start();
    await second.untilProblem(undefined);
    await push({ 'a.yaml': '2' });
    await second.untilSeen('2');
  });

  it('is an error, never empty, when there is no etcd and nothing was kept', async () => {
    const { etcd } = await startEtcd();
    await etcd.stop();
    const { source } = follow(etcd, { store: memoryStore() });
    await expect(source.read()).rejects.toMatchObject({ code: 'NO_INPUT' });
  });

  it('is an error for a node that a generation has no file for', async () => {
    const { etcd, push } = await startEtcd();
    await push({ 'nodes/lb1/a.yaml': '1' });
    const { source } = follow(etcd, { node: 'lb2' });
    await expect(source.read()).rejects.toMatchObject({
      code: 'NO_INPUT',
      message: 'etcd:/prod@generation 1 has no file for lb2',
      hint: expect.stringContaining('files for lb1'),
    });
  });
});
