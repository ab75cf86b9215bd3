import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseEtcdAddress } from '../../../src/sources/etcd/address.ts';
import { openEtcd } from '../../../src/sources/etcd/client.ts';
import { FakeEtcd } from '../../support/fake-etcd.ts';
import { ETCD, RealEtcd } from '../../support/real-etcd.ts';
import { until } from '../../support/until.ts';

const text = (value: string): Buffer => Buffer.from(value);

// One suite on the etcd of the other tests, and on a real one.
describe.each([
  ['in memory', () => new FakeEtcd()],
  ...(ETCD ? ([['of Debian', () => new RealEtcd()]] as const) : []),
] as const)('the etcd %s', (_, open) => {
  const etcd = open();
  beforeAll(() => etcd.start().then(() => {}));
  afterAll(() => etcd.stop());
  const client = () => openEtcd({ hosts: [etcd.host], prefix: '/a' }, {});

  it('has no value for a key that was never written, and reads one back byte for byte', async () => {
    expect(await client().get('/t1/a')).toBeUndefined();
    const bytes = Buffer.from([0, 255, 10, 195]);
    await client().put('/t1/a', bytes);
    expect(await client().get('/t1/a')).toMatchObject({ key: '/t1/a', value: bytes });
    await client().put('/t1/a', Buffer.alloc(0));
    expect((await client().get('/t1/a'))?.value).toHaveLength(0);
  });

  it('lists the keys with a beginning in their order, and no others', async () => {
    for (const key of ['/t2/b', '/t2/a', '/t20', '/t2']) await client().put(key, text(key));
    expect((await client().list('/t2/')).map(({ key }) => key)).toEqual(['/t2/a', '/t2/b']);
    expect(await client().list('/none/')).toEqual([]);
  });

  it('writes all keys of a transaction, or none', async () => {
    const fresh = { value: text('x'), revision: undefined };
    const both = [
      { key: '/t3/a', ...fresh },
      { key: '/t3/b', ...fresh },
    ];
    expect(await client().putAll(both)).toBe(true);
    expect(await client().putAll([{ key: '/t3/c', ...fresh }, ...both])).toBe(false);
    expect(await client().get('/t3/c')).toBeUndefined();
    const { revision } = (await client().get('/t3/a')) ?? {};
    expect(await client().putAll([{ key: '/t3/a', value: text('y'), revision }])).toBe(true);
    expect(await client().putAll([{ key: '/t3/a', value: text('z'), revision }])).toBe(false);
    expect((await client().get('/t3/a'))?.value.toString()).toBe('y');
  });

  it('tells a watch when it is in place, and of each change', async () => {
    const closing = new AbortController();
    let events = 0;
    const watching = client().watch('/t4', () => events++, closing.signal);
    await until('the watch', () => events === 1);
    await client().put('/t4', text('1'));
    await until('the change', () => events === 2);
    closing.abort();
    await expect(watching).rejects.toMatchObject({ code: 'NO_INPUT' });
  });

  it('refuses a request that is too large, and says so', async () => {
    await expect(client().put('/t5', Buffer.alloc(2_000_000))).rejects.toMatchObject({
      code: 'NO_INPUT',
      message: expect.stringContaining('request is too large'),
    });
  });
});

describe('the client', () => {
  const start = async (): Promise<FakeEtcd> => {
    const etcd = await new FakeEtcd().start();
    onTestFinished(() => etcd.stop());
    return etcd;
  };

  it('asks the next member when one does not answer', async () => {
    const [dead, alive] = [await start(), await start()];
    await dead.stop();
    alive.put('/a', 'x');
    const client = openEtcd({ hosts: [dead.host, alive.host], prefix: '/a' }, {});
    expect((await client.get('/a'))?.value.toString()).toBe('x');
    alive.refusal = { status: 503, code: 14, message: 'etcdserver: no leader' };
    await dead.start();
    expect(await client.get('/a')).toBeUndefined();
  });

  it('names each member and its reason when none answers', async () => {
    const [a, b] = [await start(), await start()];
    await a.stop();
    b.refusal = { status: 503, code: 14, message: 'etcdserver: no leader' };
    const client = openEtcd({ hosts: [a.host, b.host], prefix: '/a' }, {});
    await expect(client.get('/a')).rejects.toMatchObject({
      code: 'NO_INPUT',
      message: `etcd:/a cannot be reached: ${a.host}: connect ECONNREFUSED ${a.host}; ${b.host}: etcdserver: no leader`,
    });
  });

  it('asks no other member when one refuses', async () => {
    const [a, b] = [await start(), await start()];
    a.refusal = { status: 403, code: 7, message: 'etcdserver: permission denied' };
    const client = openEtcd({ hosts: [a.host, b.host], prefix: '/a' }, {});
    await expect(client.get('/a')).rejects.toMatchObject({
      message: `etcd:/a refuses: ${a.host}: etcdserver: permission denied`,
    });
    expect(b.requests.size).toBe(0);
  });

  it.each(['nothing', '[]', '{"kvs":5}', '{"kvs":[{"key":5}]}', '<html>'])(
    'takes %j for no answer of etcd',
    async (answer) => {
      const etcd = await start();
      etcd.rawAnswer = answer;
      const client = openEtcd({ hosts: [etcd.host], prefix: '/a' }, {});
      await expect(client.get('/a')).rejects.toMatchObject({ code: 'NO_INPUT' });
    },
  );

  it('proves who it is by a password from a file, and again when its token is forgotten', async () => {
    const etcd = await start();
    etcd.user = { name: 'director', password: 's3cret' };
    etcd.put('/a', 'x');
    const folder = mkdtempSync(join(tmpdir(), 'ipvstate-password-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'password'), 's3cret\n');
    const env = {
      IPVSTATE_ETCD_USER: 'director',
      IPVSTATE_ETCD_PASSWORD_FILE: join(folder, 'password'),
    };
    const client = openEtcd({ hosts: [etcd.host], prefix: '/a' }, env);
    for (let index = 0; index < 2; index++) {
      expect((await client.get('/a'))?.value.toString()).toBe('x');
      etcd.forgetTokens();
    }
    expect(etcd.requests.get('/v3/auth/authenticate')).toBe(2);
    writeFileSync(join(folder, 'password'), 'wrong');
    const error = await client.get('/a').catch((caught: Error) => caught);
    expect(error).toMatchObject({ message: expect.stringContaining('authentication failed') });
    expect(JSON.stringify(error) + String(error)).not.toContain('wrong');
  });

  it.each([
    [{ IPVSTATE_ETCD_USER: 'x' }, 'USAGE'],
    [{ IPVSTATE_ETCD_USER: 'x', IPVSTATE_ETCD_PASSWORD_FILE: '/none' }, 'NO_INPUT'],
    [{ IPVSTATE_ETCD_CACERT: '/none' }, 'NO_INPUT'],
  ])('says what is missing in the environment %j', async (env, code) => {
    const client = openEtcd({ hosts: ['127.0.0.1:1'], prefix: '/a' }, env);
    await expect(client.get('/a')).rejects.toMatchObject({ code });
  });
});

describe('an address of etcd', () => {
  it.each([
    ['etcd://a/p', ['a:2379'], '/p'],
    ['etcd://a:1,b:2,[2001:db8::1]:3/x/y/', ['a:1', 'b:2', '[2001:db8::1]:3'], '/x/y'],
  ])('is read as in %s', (address, hosts, prefix) => {
    expect(parseEtcdAddress(address)).toEqual({ hosts, prefix });
  });

  it.each([
    ...['etcd://', 'etcd:///p', 'etcd://a', 'etcd://a/', 'etcd://a,/p', 'etcd://a:0/p'],
    ...['etcd://a:65536/p', 'etcd://[::zz]/p', 'etcd://a/p q', 'etcd://a//p', 'etcd://a/p?x=1'],
    ...['etcd://user:s3cret@a/p', 'etcd://a/\u202ep', `etcd://${'a'.repeat(9)} /p`],
  ])('is refused as in %j', (address) => {
    expect(() => parseEtcdAddress(address)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.not.stringContaining('s3cret') }),
    );
  });
});
