import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEtcd } from '../../../src/sources/etcd/client.ts';
import { grantLease, keepLease, revokeLease } from '../../../src/sources/etcd/leases.ts';
import { forgetNode, readDaemons, writeNode } from '../../../src/sources/etcd/nodes.ts';
import { REPORT } from '../../fleet/node-reports.ts';
import { readDocument } from '../../manual/documents.ts';
import { FakeEtcd } from '../../support/fake-etcd.ts';
import { ETCD, RealEtcd } from '../../support/real-etcd.ts';

const KEYS = '/ipvstate/prod/nodes/';
const PROGRESS = {
  ...{ generation: 2, round: 0, stage: 'taken' as const, halt: null, stopped: false },
};

const lifeOf = (lease: string) => ({ id: 'a', host: 'director-1', lease });

// One suite on the etcd of the other tests, and on a real one.
describe.each([
  ['in memory', () => new FakeEtcd()],
  ...(ETCD ? ([['of Debian', () => new RealEtcd()]] as const) : []),
] as const)('the nodes in the etcd %s', (_, open) => {
  const etcd = open();
  beforeAll(() => etcd.start().then(() => {}));
  afterAll(() => etcd.stop());
  const client = (env = {}) => openEtcd({ hosts: [etcd.host], prefix: '/ipvstate/prod' }, env);
  const keys = async () =>
    (await client().list('/ipvstate/prod/')).map(({ key }) => key.slice('/ipvstate/prod/'.length));

  it('leave a report when their lease is over', async () => {
    const lease = await grantLease(client(), 60);
    await writeNode(client(), '/ipvstate/prod', 'lb1', { report: REPORT, life: lifeOf(lease) });
    expect(await keepLease(client(), lease)).toBe(true);
    expect(await keys()).toEqual(['nodes/lb1/life/a', 'nodes/lb1/member', 'reports/lb1']);
    await revokeLease(client(), lease);
    expect(await keepLease(client(), lease)).toBe(false);
    expect(await keys()).toEqual(['nodes/lb1/member', 'reports/lb1']);
    await expect(
      writeNode(client(), '/ipvstate/prod', 'lb1', { life: lifeOf(lease) }),
    ).rejects.toThrow('requested lease not found');
  });

  it('tell which daemons report under a name, each for as long as its own lease is kept', async () => {
    const leases = [await grantLease(client(), 60), await grantLease(client(), 60)];
    for (const [index, lease] of leases.entries()) {
      const life = { id: `d${index}`, host: `director-${index}`, lease };
      await writeNode(client(), '/ipvstate/prod', 'lb3', { life });
    }
    const hosts = async () =>
      (await readDaemons(client(), '/ipvstate/prod', 'lb3')).map(({ host }) => host);
    expect(await hosts()).toEqual(['director-0', 'director-1']);
    await revokeLease(client(), leases[0] ?? '');
    expect(await hosts()).toEqual(['director-1']);
    await revokeLease(client(), leases[1] ?? '');
    expect(await hosts()).toEqual([]);
    await forgetNode(client(), '/ipvstate/prod', 'lb3');
  });

  it('are read at one revision with other keys', async () => {
    await client().put('/ipvstate/prod/current', Buffer.from('x'));
    await writeNode(client(), '/ipvstate/prod', 'lb2', { report: REPORT, progress: PROGRESS });
    const asked = ['/ipvstate/prod/current', KEYS, '/ipvstate/prod/none', '/none/'];
    const found = await client().readTogether(asked);
    expect(found.map((entries) => entries.map(({ key }) => key))).toEqual([
      ['/ipvstate/prod/current'],
      [`${KEYS}lb1/member`, `${KEYS}lb2/progress`],
      ...[[], []],
    ]);
  });

  it('are forgotten one by one', async () => {
    for (const node of ['lb1', 'lb10', 'lb1.b'])
      await writeNode(client(), '/ipvstate/prod', node, { report: REPORT, progress: PROGRESS });
    await forgetNode(client(), '/ipvstate/prod', 'lb1');
    expect(await keys()).toEqual([
      'current',
      ...['lb1.b', 'lb10', 'lb2'].map((node) => `nodes/${node}/progress`),
      ...['lb1.b', 'lb10', 'lb2'].map((node) => `reports/${node}`),
    ]);
  });
});

describe.skipIf(!ETCD)('a director with the roles of the manual', () => {
  const etcd = new RealEtcd();
  beforeAll(() => etcd.start().then(() => {}));
  afterAll(() => etcd.stop());

  it('writes below its own name, and nowhere else', async () => {
    const ctl = (...args: readonly string[]) =>
      execFileSync('etcdctl', ['--endpoints', etcd.host, ...args], {
        env: { ...process.env, ETCDCTL_API: '3' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const block = readDocument('src/manual/directors.md').match(/```sh\n(etcdctl[^`]*)```/)?.[1];
    for (const line of (block ?? '').replaceAll('\\\n', '').trim().split('\n')) {
      const [, ...words] = line.split(/\s+/);
      ctl(...words, ...(words[1] === 'add' && words[0] === 'user' ? ['--no-password'] : []));
    }
    ctl('user', 'add', 'root:secret');
    ctl('user', 'add', 'own:secret');
    for (const role of ['director', 'director-lb1']) ctl('user', 'grant-role', 'own', role);
    ctl('user', 'grant-role', 'root', 'root');
    ctl('auth', 'enable');
    const env = { IPVSTATE_ETCD_USER: 'own', IPVSTATE_ETCD_PASSWORD: 'secret' };
    const client = openEtcd({ hosts: [etcd.host], prefix: '/ipvstate/prod' }, env);
    const lease = await grantLease(client, 60);
    const words = { report: REPORT, progress: PROGRESS };
    await writeNode(client, '/ipvstate/prod', 'lb1', { ...words, life: lifeOf(lease) });
    expect(await readDaemons(client, '/ipvstate/prod', 'lb1')).toHaveLength(1);
    expect(await keepLease(client, lease)).toBe(true);
    expect(await client.readTogether(['/ipvstate/prod/current', KEYS])).toHaveLength(2);
    for (const part of [{ report: REPORT }, { progress: PROGRESS }, { life: lifeOf(lease) }])
      await expect(writeNode(client, '/ipvstate/prod', 'lb2', part)).rejects.toThrow('denied');
    await expect(forgetNode(client, '/ipvstate/prod', 'lb2')).rejects.toThrow('denied');
    await expect(client.put('/ipvstate/prod/current', Buffer.from('x'))).rejects.toThrow('denied');
    await revokeLease(client, lease);
    expect(await client.list(KEYS)).toHaveLength(2);
  });
});
