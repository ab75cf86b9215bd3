import { describe, expect, it, onTestFinished } from 'vitest';
import { type EtcdClient, openEtcd } from '../../../src/sources/etcd/client.ts';
import {
  listGenerations,
  readFilesOf,
  readGeneration,
  readInForce,
  readManifest,
  requireCurrent,
} from '../../../src/sources/etcd/generation.ts';
import { pushAgain } from '../../../src/sources/etcd/push.ts';
import { removeOldGenerations } from '../../../src/sources/etcd/remove-old.ts';
import { FakeEtcd } from '../../support/fake-etcd.ts';
import { ABOUT, PREFIX, pushTo } from '../../support/followed-etcd.ts';

/** An etcd with generations of one file that is in all of them, and one that each has alone. */
async function withGenerations(count: number) {
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const client = openEtcd({ hosts: [etcd.host], prefix: PREFIX }, {});
  const push = (text: string) => pushTo(etcd.host, { 'a.yaml': text, 'common.yaml': 'common' });
  for (let number = 1; number <= count; number++) await push(`${number}`);
  const chunks = () => etcd.keys().filter((key) => key.includes('/chunks/')).length;
  const remove = (keep: number) => removeOldGenerations(client, PREFIX, keep);
  /** Reads every generation that is listed, whole. */
  const readAll = async () => {
    const numbers = await listGenerations(client, PREFIX);
    for (const number of numbers)
      await readFilesOf(client, PREFIX, (await readManifest(client, PREFIX, number)).manifest);
    return numbers;
  };
  return { etcd, client, push, chunks, remove, readAll };
}

describe('the removal of old generations', () => {
  it('keeps the last ones with all of their chunks, and no other chunk', async () => {
    const { chunks, remove, readAll } = await withGenerations(6);
    expect(chunks()).toBe(7);
    expect(await remove(3)).toEqual([1, 2, 3]);
    expect(await readAll()).toEqual([4, 5, 6]);
    expect(chunks()).toBe(4);
    expect(await remove(3)).toEqual([]);
  });

  it('keeps the generation in force and the one before it, whatever is asked for', async () => {
    const { client, remove, readAll } = await withGenerations(4);
    expect(await remove(1)).toEqual([1, 2]);
    expect(await readAll()).toEqual([3, 4]);
    const current = await requireCurrent(client, PREFIX);
    expect((await readGeneration(client, PREFIX, current)).generation).toBe(4);
  });

  it('takes many keys, and what a removal that was broken off has left', async () => {
    const { etcd, chunks, remove, readAll } = await withGenerations(2);
    for (let index = 0; index < 250; index++) etcd.put(`${PREFIX}/chunks/left-${index}`, 'x');
    expect(await remove(1)).toEqual([]);
    expect([await readAll(), chunks()]).toEqual([[1, 2], 3]);
  });

  it('leaves every listed generation whole when it is broken off after any request', async () => {
    for (let allowed = 0; allowed < 4; allowed++) {
      const { etcd, remove, readAll } = await withGenerations(4);
      let count = 0;
      etcd.onTransaction = () => {
        if (count++ >= allowed) throw { status: 503, code: 14, message: 'no leader' };
      };
      await remove(1).catch(() => {});
      etcd.onTransaction = undefined;
      expect(await readAll()).toContain(4);
    }
  });

  it('does not make a push fail that is on its way, and takes no chunk from it', async () => {
    const { etcd, push, remove, readAll } = await withGenerations(5);
    let isRemoved = false;
    etcd.onTransaction = ({ isCommit }) => {
      if (!isCommit || isRemoved) return;
      isRemoved = true;
      return remove(1).then(() => {});
    };
    // These are the files of a generation that is removed while they are pushed.
    expect(await push('1')).toMatchObject({ current: 6, manifest: { parent: 5 } });
    expect(isRemoved).toBe(true);
    expect(await readAll()).toEqual([4, 5, 6]);
  });

  it('begins anew when a push is quicker, whose chunks then stay', async () => {
    const { etcd, push, remove, readAll } = await withGenerations(5);
    let isPushed = false;
    etcd.onTransaction = () => {
      if (isPushed) return;
      isPushed = true;
      return push('1').then(() => {});
    };
    await remove(1);
    expect(await readAll()).toEqual([5, 6]);
  });

  it('is refused for an earlier generation that it has removed meanwhile', async () => {
    const { etcd, client, remove, readAll } = await withGenerations(5);
    let isRemoved = false;
    etcd.onTransaction = () => {
      if (isRemoved) return;
      isRemoved = true;
      return remove(1).then(() => {});
    };
    const current = await requireCurrent(client, PREFIX);
    await expect(pushAgain(client, PREFIX, current, 1, ABOUT)).rejects.toMatchObject({
      code: 'NO_INPUT',
      message: 'etcd:/prod has no generation 1',
    });
    expect(await readAll()).toEqual([4, 5]);
  });

  it('keeps the one before a generation that was pushed while none was in force', async () => {
    const { etcd, push, remove, readAll } = await withGenerations(3);
    etcd.delete(`${PREFIX}/current`);
    expect(await push('4')).toMatchObject({ current: 4, manifest: { parent: null } });
    await remove(1);
    expect(await readAll()).toEqual([3, 4]);
  });

  it('does not disturb a reader of a generation that is replaced and removed meanwhile', async () => {
    const { client, push, remove } = await withGenerations(3);
    let isRemoved = false;
    const slow: EtcdClient = {
      ...client,
      get: async (key) => {
        if (key.includes('/chunks/') && !isRemoved) {
          isRemoved = true;
          for (const text of ['4', '5']) await push(text);
          expect(await remove(1)).toEqual([1, 2, 3]);
        }
        return client.get(key);
      },
    };
    expect((await readInForce(slow, PREFIX)).generation).toBe(5);
    expect(isRemoved).toBe(true);
  });

  it('removes nothing when a generation that stays cannot be read', async () => {
    const { etcd, remove, chunks } = await withGenerations(4);
    etcd.put(`${PREFIX}/generations/0000000000000003`, 'x');
    await expect(remove(2)).rejects.toMatchObject({ code: 'CONFIG' });
    expect([etcd.keys().filter((key) => key.includes('/generations/')).length, chunks()]).toEqual([
      4, 5,
    ]);
  });
});
