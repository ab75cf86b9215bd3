import { describe, expect, it } from 'vitest';
import { fleet } from './fleet-workspace.ts';
import { SHOP } from './workspace.ts';

const CURRENT = '/prod/current';
const MANIFEST = (generation: number): string =>
  `/prod/generations/${String(generation).padStart(16, '0')}`;

/** An etcd with two generations. */
async function pushedTwice() {
  const world = await fleet();
  const { run, write, address } = world;
  const push = (options = '') => run(`push -f ./conf.d --to ${address}${options}`);
  expect((await push()).status).toBe(0);
  write('conf.d/shop.yaml', `${SHOP}# second\n`);
  expect((await push()).status).toBe(0);
  const plan = () => run(`validate -f ${address} --node lb1`);
  return { ...world, push, plan };
}

describe('a push whose answer is lost', () => {
  it('is a success when its generation is in force', async () => {
    const { etcd, push, write, plan } = await pushedTwice();
    write('conf.d/shop.yaml', `${SHOP}# third\n`);
    etcd.losesAnswer = ({ isCommit }) => isCommit;
    const { status, stdout, stderr } = await push();
    expect([status, stdout, stderr]).toEqual([0, expect.stringContaining('generation 3'), '']);
    expect(stdout).toContain('in force');
    expect((await plan()).status).toBe(0);
  });

  it('is a success when a later one has followed, which is in force', async () => {
    const { etcd, push, write, run, address } = await pushedTwice();
    write('conf.d/shop.yaml', `${SHOP}# third\n`);
    etcd.losesAnswer = ({ isCommit }) => {
      if (!isCommit) return false;
      const later = (etcd.get(MANIFEST(3)) ?? '').replace('"generation":3', '"generation":4');
      etcd.put(MANIFEST(4), later);
      const current = { generation: 4, sha256: 'a'.repeat(64) };
      etcd.put(CURRENT, JSON.stringify({ format: 'ipvstate-current', version: 1, ...current }));
      return true;
    };
    const { status, stdout } = await push(' -o json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ current: 4, generations: [{ generation: 3 }] });
    expect((await run(`generations ${address}`)).status).toBe(65);
  });

  it('says that it may be pushed when etcd cannot be asked again', async () => {
    const { etcd, push, write } = await pushedTwice();
    write('conf.d/shop.yaml', `${SHOP}# third\n`);
    etcd.losesAnswer = ({ isCommit }) => {
      if (isCommit) etcd.refusal = { status: 503, code: 14, message: 'etcdserver: no leader' };
      return isCommit;
    };
    const { status, stderr } = await push();
    expect([status, stderr]).toEqual([
      66,
      expect.stringContaining('generation 3 may have been pushed'),
    ]);
    expect(stderr).toContain('ipvstate generations etcd://HOST/prod');
    expect(stderr).not.toContain('nothing was changed');
  });

  it('says that it may be pushed when it is not in force so far', async () => {
    const { etcd, push, write } = await pushedTwice();
    const before = etcd.backup();
    write('conf.d/shop.yaml', `${SHOP}# third\n`);
    etcd.losesAnswer = ({ isCommit }) => {
      if (isCommit) etcd.restore(before);
      return isCommit;
    };
    expect(await push()).toMatchObject({
      status: 66,
      stderr: expect.stringContaining('generation 3 may have been pushed'),
    });
  });

  it('is not a push that etcd has no room for, which changes nothing', async () => {
    const { etcd, push, write } = await pushedTwice();
    write('conf.d/shop.yaml', `${SHOP}# third\n`);
    etcd.onTransaction = ({ isCommit }) => {
      if (isCommit) throw { status: 429, code: 8, message: 'mvcc: database space exceeded' };
    };
    const { status, stderr } = await push();
    expect([status, stderr]).toEqual([66, expect.stringContaining('etcd is full: compact it')]);
    expect(stderr).not.toContain('may have been pushed');
  });

  it('is begun anew when only the revision of `current` has changed', async () => {
    const { etcd, push, write, plan } = await pushedTwice();
    write('conf.d/shop.yaml', `${SHOP}# third\n`);
    let commits = 0;
    etcd.onTransaction = ({ isCommit }) => {
      if (!isCommit || ++commits > 1) return;
      etcd.put(CURRENT, etcd.get(CURRENT) ?? '');
      for (const key of etcd.keys()) if (key.startsWith('/prod/chunks/')) etcd.delete(key);
    };
    expect((await push()).status).toBe(0);
    expect((await plan()).stdout).toContain('Valid for lb1: 2 files');
  });
});

describe('a generation that directors cannot read', () => {
  const chunks = (keys: readonly string[]) => keys.filter((key) => key.includes('/chunks/'));

  it.each([
    ['chunks are gone', 'lacks a part of'],
    ['chunks have other contents', 'is damaged'],
    ['manifest is gone', 'its manifest is missing'],
    ['manifest has another content', 'is damaged'],
  ])('is pushed again with the same files when its %s', async (damage, message) => {
    const { etcd, push, plan } = await pushedTwice();
    const damaged = damage.startsWith('chunks') ? chunks(etcd.keys()) : [MANIFEST(2)];
    for (const key of damaged)
      if (damage.endsWith('gone')) etcd.delete(key);
      else etcd.put(key, 'other');
    const broken = await plan();
    expect(broken.stderr).toContain(message);
    expect(broken.stderr).toContain('Push the files again: ipvstate push -f conf.d --to');
    const { status, stderr } = await push();
    expect([status, stderr]).toEqual([0, expect.stringContaining('a push writes the files again')]);
    expect(stderr).not.toContain('nothing is pushed');
    expect((await plan()).status).toBe(0);
  });

  it('is not taken for an earlier one to go back to', async () => {
    const { etcd, run, address, plan } = await pushedTwice();
    const [first] = JSON.parse(etcd.get(MANIFEST(1)) ?? '').files[0].chunks;
    etcd.delete(`/prod/chunks/${first}`);
    const { status, stderr } = await run(`push --generation 1 --to ${address}`);
    expect([status, stderr]).toEqual([66, expect.stringContaining('lacks a part of shop.yaml')]);
    expect((await plan()).status).toBe(0);
  });

  it('leaves a way back to the one before it when its manifest is gone', async () => {
    const { etcd, run, address, plan } = await pushedTwice();
    etcd.delete(MANIFEST(2));
    const { status, stdout, stderr } = await run(`generations ${address}`);
    expect([status, stdout]).toEqual([66, '']);
    expect(stderr).toContain('generation 2 is in force in etcd:/prod, and its manifest is missing');
    const way = /go back: ipvstate (push .*) --to/.exec(stderr)?.[1];
    expect(way).toBe('push --generation 1');
    expect((await run(`${way} --to ${address}`)).stdout).toContain('generation 3');
    expect((await plan()).status).toBe(0);
  });

  it('is left out of a list, which says so, when it is an old one', async () => {
    const { etcd, run, address } = await pushedTwice();
    etcd.put(MANIFEST(1), 'x');
    const { status, stdout, stderr } = await run(`generations ${address}`);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^generation 2 .*\n$/)]);
    expect(stderr).toBe('ipvstate: etcd:/prod@generation 1 cannot be read, and is left out\n');
  });
});

describe('the key `current`', () => {
  it('is written again by each way that the message names when it is gone', async () => {
    for (const isBack of [true, false]) {
      const { etcd, run, push, plan, address } = await pushedTwice();
      etcd.delete(CURRENT);
      const { status, stderr } = await plan();
      expect([status, stderr]).toEqual([66, expect.stringContaining('no generation is in force')]);
      expect(stderr).toContain('The last generation is 2');
      const way = /Put one in force: ipvstate (push .*) --to/.exec(stderr)?.[1];
      expect(way).toBe('push --generation 2');
      const pushed = isBack ? await run(`${way} --to ${address}`) : await push();
      expect(pushed.stdout).toContain('generation 3');
      expect((await plan()).status).toBe(0);
    }
  });

  it.each(['x', '{}', '{"format":"ipvstate-current","version":1}'])(
    'is not overwritten when it is %s, and the message has a way out that works',
    async (value) => {
      const { etcd, push, plan } = await pushedTwice();
      etcd.put(CURRENT, value);
      for (const { status, stderr } of [await plan(), await push()]) {
        expect(status).toBe(65);
        expect(stderr).toContain('etcdctl get /prod/current');
        expect(stderr).toContain('etcdctl del /prod/current, and push again');
      }
      expect(etcd.get(CURRENT)).toBe(value);
      etcd.delete(CURRENT);
      expect((await push()).stdout).toContain('generation 3');
      expect((await plan()).status).toBe(0);
    },
  );

  it('of a later version is never overwritten', async () => {
    const { etcd, push } = await pushedTwice();
    etcd.put(CURRENT, '{"format":"ipvstate-current","version":2}');
    expect(await push()).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('Update this program'),
    });
  });
});

describe('a password in an address', () => {
  it.each([
    'etcd://root:pa/s3cret@h/p',
    'https://root:s3cret@h/p',
    'etcd:root:s3cret@h/p',
    'etcds://root:s3cret@h/p',
    'ETCD://root:s3cret@h/p',
    'etcd://h/root:s3cret@p',
  ])('is never repeated: %s', async (address) => {
    const { run } = await fleet();
    for (const line of [
      `push -f ./conf.d --to ${address}`,
      `push -f ${address} --to etcd://a/b`,
      `generations ${address}`,
      ...['validate', 'plan', 'check', 'watch', 'fmt', 'doctor'].map((verb) =>
        verb === 'fmt' ? `fmt ${address}` : `${verb} -f ${address}`,
      ),
      `diff ${address} ./conf.d`,
      `validate -f ${address} -f ${address}`,
    ])
      for (const format of line.startsWith('watch') ? [''] : ['', ' -o json']) {
        const { status, stdout, stderr } = await run(`${line}${format}`);
        expect([line, status]).toEqual([line, 64]);
        expect(stdout + stderr, line).not.toContain('s3cret');
      }
  });
});
