import { mkdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolveChain } from '../../src/sources/files/chain.ts';
import { inFolder } from './watching.ts';

const within = (run: (folder: string) => Promise<void>) => () =>
  inFolder(async (folder) => run(await realpath(folder)));

const linksOf = async (path: string, folder: string) =>
  (await resolveChain(path)).links.map(
    (link) => `${link.folder.slice(folder.length) || '/'} ${link.name ?? '*'}`,
  );

test(
  'the chain of a plain file is the file in its folder',
  within(async (folder) => {
    await writeFile(join(folder, 'c.yaml'), '');
    expect(await linksOf(join(folder, 'c.yaml'), folder)).toEqual(['/ c.yaml']);
  }),
);

test(
  'the chain has every link on the way: relative, absolute, and through ..',
  within(async (folder) => {
    await mkdir(join(folder, 'releases', '7', 'etc'), { recursive: true });
    await mkdir(join(folder, 'all'));
    await symlink('releases/7', join(folder, 'current'));
    await symlink('../../../all/c.yaml', join(folder, 'releases', '7', 'etc', 'c.yaml'));
    await symlink(join(folder, 'all', 'real.yaml'), join(folder, 'all', 'c.yaml'));
    await writeFile(join(folder, 'all', 'real.yaml'), '');
    expect(await linksOf(join(folder, 'current', 'etc', 'c.yaml'), folder)).toEqual([
      '/ current',
      '/releases/7/etc c.yaml',
      '/all c.yaml',
      '/all real.yaml',
    ]);
  }),
);

test(
  'the chain to a missing file ends in the nearest folder that exists',
  within(async (folder) => {
    expect(await linksOf(join(folder, 'a', 'b', 'c.yaml'), folder)).toEqual(['/ a']);
    await symlink('nowhere/c.yaml', join(folder, 'c.yaml'));
    expect(await linksOf(join(folder, 'c.yaml'), folder)).toEqual(['/ c.yaml', '/ nowhere']);
  }),
);

test(
  'the chain ends at a file in the place of a folder',
  within(async (folder) => {
    await writeFile(join(folder, 'a'), '');
    expect(await linksOf(join(folder, 'a', 'c.yaml'), folder)).toEqual(['/ a']);
  }),
);

test(
  'the chain through a loop of links ends after 40 links',
  within(async (folder) => {
    await symlink('b', join(folder, 'a'));
    await symlink('a', join(folder, 'b'));
    expect((await linksOf(join(folder, 'a'), folder)).length).toBe(41);
  }),
);

test(
  'the chain of a folder has all its entries, and the chain of each configuration file',
  within(async (folder) => {
    await mkdir(join(folder, 'd', '..1'), { recursive: true });
    await writeFile(join(folder, 'd', '..1', 'a.yaml'), '');
    await symlink('..1', join(folder, 'd', '..data'));
    await symlink('..data/a.yaml', join(folder, 'd', 'a.yaml'));
    expect(await linksOf(join(folder, 'd'), folder)).toEqual([
      '/d *',
      '/d a.yaml',
      '/d ..data',
      '/d/..1 a.yaml',
    ]);
  }),
);

test(
  'the identity changes when the file or a folder is replaced, and stays when the file is written',
  within(async (folder) => {
    const path = join(folder, 'etc', 'c.yaml');
    const identity = async () => (await resolveChain(path)).identity;
    const create = async () => {
      await mkdir(join(folder, 'etc'));
      await writeFile(path, '');
    };
    await create();
    const first = await identity();
    await writeFile(path, 'more');
    expect(await identity()).toBe(first);
    await writeFile(`${path}.tmp`, '');
    await rename(`${path}.tmp`, path);
    const replaced = await identity();
    await rm(join(folder, 'etc'), { recursive: true });
    const gone = await identity();
    await create();
    expect(new Set([first, replaced, gone, await identity()]).size).toBe(4);
  }),
);
