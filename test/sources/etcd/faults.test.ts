import { afterAll, describe, expect, it } from 'vitest';
import { openEtcd } from '../../../src/sources/etcd/client.ts';
import { listManifests, readCurrent, readFilesOf } from '../../../src/sources/etcd/generation.ts';
import { pushAgain, pushGeneration } from '../../../src/sources/etcd/push.ts';
import { Certificate } from '../../support/certificates.ts';
import { ABOUT, follow, memoryStore, PREFIX, pushTo } from '../../support/followed-etcd.ts';
import { ETCD, RealEtcd } from '../../support/real-etcd.ts';
import { until } from '../../support/until.ts';

type Options = ConstructorParameters<typeof RealEtcd>[0];

// Each test waits most of the time, so that they run side by side, each on an etcd of its own.
describe.runIf(ETCD)('a director with a real etcd', () => {
  const finish: (() => Promise<void> | void)[] = [];
  afterAll(async () => {
    for (const each of finish.reverse()) await each();
  });
  const onFinished = (close: () => Promise<void>) => finish.push(close);

  async function start(options: Options = {}): Promise<RealEtcd> {
    const etcd = new RealEtcd(options);
    finish.push(() => etcd.stop());
    return etcd.start();
  }

  /** A director that has seen the first generation. */
  async function director(options: Options = {}, env: NodeJS.ProcessEnv = {}) {
    const etcd = await start(options);
    await pushTo(etcd.host, { 'a.yaml': '1' }, env);
    const store = memoryStore();
    const followed = follow(etcd, { env, store, onFinished });
    await followed.untilSeen('1');
    const push = (text: string) => pushTo(etcd.host, { 'a.yaml': text }, env);
    return { etcd, store, push, ...followed };
  }

  it.concurrent('keeps on with two of three members, and stays without a majority', async () => {
    const members = await RealEtcd.startCluster(3);
    finish.push(async () => void (await Promise.all(members.map((member) => member.stop()))));
    const [first] = members;
    if (!first) throw new Error('there is no member');
    const hosts = members.map(({ host }) => host);
    const client = openEtcd({ hosts, prefix: PREFIX }, {});
    const push = async (text: string) => {
      const file = { name: 'a.yaml', bytes: Buffer.from(text) };
      const current = await readCurrent(client, PREFIX);
      return pushGeneration(client, PREFIX, current, { ...ABOUT, files: [file] });
    };
    await push('1');
    const director = follow({ host: first.host, hosts }, { onFinished });
    await director.untilSeen('1');

    await first.kill();
    await push('2');
    await director.untilSeen('2');
    await first.restart();

    const [leader] = await findLeaders(members);
    await leader?.kill();
    await until('a new leader takes it', async () => Boolean(await push('3')));
    await director.untilSeen('3');
    const [other] = members.filter((member) => member !== leader);
    await other?.kill();
    await director.untilProblem(/cannot be reached/);
    expect(director.seen()).toBe('3');

    await Promise.all([leader?.restart(), other?.restart()]);
    await director.untilProblem(undefined);
    await push('4');
    await director.untilSeen('4');
  });

  it.concurrent('keeps its table while etcd answers nothing, and catches up', async () => {
    const { etcd, push, seen, untilSeen, untilProblem } = await director();
    etcd.signal('SIGSTOP');
    await untilProblem(/no answer in 5 s/);
    expect(seen()).toBe('1');
    etcd.signal('SIGCONT');
    await untilProblem(undefined);
    await push('2');
    await untilSeen('2');
  });

  it.concurrent('keeps its table while etcd is killed, and catches up', async () => {
    const { etcd, push, seen, untilSeen, untilProblem } = await director();
    await etcd.kill();
    await untilProblem(/cannot be reached: .*ECONNREFUSED/);
    expect(seen()).toBe('1');
    await etcd.restart();
    await untilProblem(undefined);
    await push('2');
    await untilSeen('2');
  });

  it.concurrent('catches up when etcd was compacted while it was away', async () => {
    const { etcd, push, untilSeen, untilProblem } = await director();
    await etcd.kill();
    await untilProblem(/cannot be reached/);
    await etcd.restart();
    for (const text of ['2', '3', '4']) await push(text);
    const status = await etcd.etcdctl('endpoint', 'status', '-w', 'json');
    await etcd.etcdctl('compact', String(JSON.parse(status)[0].Status.header.revision));
    await etcd.etcdctl('defrag');
    await untilSeen('4');
    await untilProblem(undefined);
  });

  it.concurrent('keeps its table when etcd is created again, empty', async () => {
    const { etcd, push, seen, untilSeen, untilProblem } = await director();
    await push('2');
    await untilSeen('2');
    await etcd.kill();
    etcd.clear();
    await etcd.restart();
    await untilProblem(/has no generation/);
    expect(seen()).toBe('2');
    await push('new');
    await untilProblem(/went back from generation 2 to 1/);
    expect(seen()).toBe('2');
    await push('newer');
    await untilSeen('newer');
    await untilProblem(undefined);
  });

  it.concurrent('keeps its table when etcd has an old backup, until a push says so', async () => {
    const { etcd, store, push, source, seen, untilSeen, untilProblem } = await director();
    await etcd.kill();
    etcd.backup();
    await etcd.restart();
    await push('2');
    await untilSeen('2');
    await etcd.kill();
    etcd.restore();
    await etcd.restart();
    await untilProblem(/went back from generation 2 to 1: it may be an old backup/);
    const started = follow(etcd, { store, onFinished });
    await started.untilProblem(/went back from generation 2 to 1/);
    expect([seen(), started.seen()]).toEqual(['2', '2']);
    expect(source.problem?.hint).toContain('ipvstate push --generation 1 --to');
    const client = openEtcd({ hosts: [etcd.host], prefix: PREFIX }, {});
    await pushAgain(client, PREFIX, await readCurrent(client, PREFIX), 1, ABOUT);
    for (const each of [{ untilSeen }, started]) await each.untilSeen('1');
    await untilProblem(undefined);
  });

  it.concurrent('keeps its table while it has no permission', async () => {
    const etcd = await start({ args: ['--bcrypt-cost', '4'] });
    await pushTo(etcd.host, { 'a.yaml': '1' });
    for (const user of ['root', 'lb1']) await etcd.etcdctl('user', 'add', `${user}:s3cret`);
    await etcd.etcdctl('role', 'add', 'director');
    await etcd.etcdctl('role', 'grant-permission', 'director', 'read', '/prod/', '/prod0');
    await etcd.etcdctl('user', 'grant-role', 'lb1', 'director');
    await etcd.etcdctl('user', 'grant-role', 'root', 'root');
    await etcd.etcdctl('auth', 'enable');
    const as = (user: string) => ({ IPVSTATE_ETCD_USER: user, IPVSTATE_ETCD_PASSWORD: 's3cret' });
    const { seen, untilSeen, untilProblem } = follow(etcd, { env: as('lb1'), onFinished });
    await untilSeen('1');
    const role = (...args: readonly string[]) =>
      etcd.etcdctl('--user', 'root:s3cret', 'user', ...args, 'lb1', 'director');
    await role('revoke-role');
    await untilProblem(/permission denied/);
    expect(seen()).toBe('1');
    await role('grant-role');
    await untilProblem(undefined);
    await pushTo(etcd.host, { 'a.yaml': '2' }, as('root'));
    await untilSeen('2');
  });

  it.concurrent('keeps its table while the certificate of etcd has expired', async () => {
    const certificate = new Certificate();
    finish.push(() => certificate.remove());
    const env = { IPVSTATE_ETCD_CACERT: certificate.ca };
    const { push, seen, untilSeen, untilProblem } = await director({ certificate }, env);
    certificate.expire();
    await untilProblem(/certificate has expired/);
    expect(seen()).toBe('1');
    certificate.renew();
    await untilProblem(undefined);
    await push('2');
    await untilSeen('2');
  });

  it.concurrent('goes on reading while the disk of etcd is full, and a push says so', async () => {
    const args = ['--quota-backend-bytes', String(100 * 1024)];
    const { etcd, push, source, seen, untilSeen } = await director({ args });
    const fill = async () => {
      for (let index = 0; index < 50; index++) await push(`${index}`.padEnd(20_000, '.'));
    };
    await expect(fill()).rejects.toMatchObject({
      code: 'NO_INPUT',
      message: expect.stringContaining('database space exceeded'),
      hint: expect.stringContaining('etcd is full'),
    });
    await source.refresh();
    expect([seen() !== '', source.problem]).toEqual([true, undefined]);
    await etcd.etcdctl('del', '--prefix', '/prod/chunks/').catch(() => undefined);
    const status = await etcd.etcdctl('endpoint', 'status', '-w', 'json');
    await etcd.etcdctl('compact', String(JSON.parse(status)[0].Status.header.revision));
    await etcd.etcdctl('defrag');
    await etcd.etcdctl('alarm', 'disarm');
    await push('2');
    await untilSeen('2');
  });

  it.concurrent('has exactly one of two generations in each of 20 rounds', async () => {
    const { etcd, push } = await director();
    const client = openEtcd({ hosts: [etcd.host], prefix: PREFIX }, {});
    const winners: string[] = [];
    for (let round = 0; round < 20; round++) {
      const current = await readCurrent(client, PREFIX);
      const texts = [`left ${round}`, `right ${round}`];
      const results = await Promise.allSettled(
        texts.map((text) => {
          const own = openEtcd({ hosts: [etcd.host], prefix: PREFIX }, {});
          const file = { name: 'a.yaml', bytes: Buffer.from(text) };
          return pushGeneration(own, PREFIX, current, { ...ABOUT, files: [file] });
        }),
      );
      const lost = results.filter(({ status }) => status === 'rejected');
      expect(lost).toMatchObject([{ reason: { code: 'STALE' } }]);
      winners.push(texts[results.findIndex(({ status }) => status === 'fulfilled')] ?? '');
    }
    await push('last');
    const { manifests } = await listManifests(client, PREFIX);
    const texts: string[] = [];
    for (const manifest of manifests)
      for (const { bytes } of await readFilesOf(client, PREFIX, manifest))
        texts.push(bytes.toString());
    expect(texts).toEqual(['1', ...winners, 'last']);
  });
});

async function findLeaders(members: readonly RealEtcd[]): Promise<readonly RealEtcd[]> {
  const leads = await Promise.all(members.map((member) => member.isLeader()));
  return members.filter((_, index) => leads[index]);
}
