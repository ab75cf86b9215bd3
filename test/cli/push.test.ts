import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { FLEET_FILES, fleet } from './fleet-workspace.ts';
import { SHOP, workspace } from './workspace.ts';

const schema = JSON.parse(readFileSync('schemas/generations.schema.json', 'utf8'));
const isDocument = new Ajv({ strict: false, validateFormats: false }).compile(schema);

describe('push', () => {
  it('makes a folder a generation, with the folders of its nodes', async () => {
    const { run, address } = await fleet();
    const pushed = await run(['push', '-f', './conf.d', '--to', address, '-m', 'first one']);
    expect(pushed.status).toBe(0);
    expect(pushed.stdout).toMatch(
      /^generation 1 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}\S+@\S+, 2 files, in force: first one\n$/,
    );
    expect((await run(`validate -f ${address}`)).stdout).toBe(
      'Valid for lb1, any other node: 2 files, 0 errors, 0 warnings.\n',
    );
    expect((await run(`diff ${address} ./conf.d --node lb1`)).status).toBe(0);
  });

  it('pushes nothing when the files are in force already', async () => {
    const { run, address } = await fleet();
    await run(`push -f ./conf.d --to ${address}`);
    const again = await run(`push -f ./conf.d --to ${address}`);
    expect(again.stderr).toBe('ipvstate: generation 1 has these files: nothing is pushed\n');
    expect([again.status, again.stdout.slice(0, 12)]).toEqual([0, 'generation 1']);
  });

  it('checks the files for every node, and pushes nothing with an error', async () => {
    const { run, write, address } = await fleet();
    write('conf.d/nodes/lb2/shop.yaml', SHOP);
    const { status, stderr } = await run(`push -f ./conf.d --to ${address}`);
    expect([status, stderr]).toEqual([65, expect.stringContaining('is in two files (lb2)')]);
    expect((await run(`generations ${address}`)).status).toBe(66);
  });

  it('exits 4 with the difference when another push was quicker', async () => {
    const { run, write, etcd, address } = await fleet();
    await run(`push -f ./conf.d --to ${address}`);
    const backup = etcd.backup();
    write('conf.d/shop.yaml', `${SHOP}# theirs\n`);
    await run(`push -f ./conf.d --to ${address}`);
    const theirs = etcd.backup();
    etcd.restore(backup);
    write('conf.d/shop.yaml', `${SHOP}# mine\n`);
    etcd.onTransaction = ({ isCommit }) => {
      if (isCommit) etcd.restore(theirs);
    };
    const { status, stderr } = await run(`push -f ./conf.d --to ${address}`);
    expect(stderr).toContain(
      'generation 2 of etcd:/prod was pushed meanwhile; nothing was changed',
    );
    expect(stderr).toContain('shop.yaml differs');
    expect(status).toBe(4);
  });

  it('exits 4 when another generation is in force than the one that --after names', async () => {
    const { run, write, address } = await fleet();
    await run(`push -f ./conf.d --to ${address}`);
    write('conf.d/shop.yaml', `${SHOP}# mine\n`);
    const stale = await run(`push -f ./conf.d --to ${address} --after 7`);
    expect([stale.status, stale.stderr]).toEqual([
      4,
      'ipvstate: generation 1 is in force in etcd:/prod, and not 7; nothing was changed\n',
    ]);
    expect((await run(`push -f ./conf.d --to ${address} --after 1`)).status).toBe(0);
  });

  it('goes back to an earlier generation as a new one, which `generations` lists', async () => {
    const { run, write, address } = await fleet({ ...FLEET_FILES, 'live.save': '' });
    await run(`push -f ./conf.d --to ${address}`);
    write('conf.d/shop.yaml', SHOP.replace('10.1.0.12', '10.1.0.99'));
    await run(`push -f ./conf.d --to ${address}`);
    expect((await run(`push --generation 1 --to ${address}`)).status).toBe(0);
    expect((await run(`plan -f ${address} --node x --table ./live.save`)).stdout).toContain(
      '10.1.0.12',
    );
    const { stdout } = await run(`generations ${address}`);
    expect(stdout.replaceAll(/ {2}.*@\S+,/g, '')).toBe(
      'generation 3 2 files, the files of 1, in force\ngeneration 2 2 files\ngeneration 1 2 files\n',
    );
    expect((await run(`push --generation 9 --to ${address}`)).status).toBe(66);
  });

  it('removes older generations with --keep, and never the one before', async () => {
    const { run, write, etcd, address } = await fleet();
    const push = () => run(`push -f ./conf.d --to ${address} --keep 1`);
    expect((await push()).stderr).toBe('');
    for (const comment of ['2', '3']) {
      write('conf.d/shop.yaml', `${SHOP}# ${comment}\n`);
      expect((await push()).status).toBe(0);
    }
    expect((await run(`generations ${address}`)).stdout.match(/^generation \d/gm)).toEqual([
      'generation 3',
      'generation 2',
    ]);
    write('conf.d/shop.yaml', `${SHOP}# 4\n`);
    expect((await push()).stderr).toBe('ipvstate: 1 older generation removed from etcd\n');
    etcd.put('/prod/generations/0000000000000003', 'x');
    const { status, stdout, stderr } = await push();
    expect([status, stdout]).toEqual([0, expect.stringContaining('generation 4')]);
    expect(stderr).toContain('older generations are not removed: etcd:/prod/generations/');
  });

  it('prints a document that has its published schema, also of an error', async () => {
    const { run, address } = await fleet();
    const missing = await run(`generations ${address} -o json`);
    expect(JSON.parse(missing.stdout)).toMatchObject({ format: 'ipvstate-error' });
    for (const line of [
      `push -f ./conf.d --to ${address} -o json`,
      `generations ${address} -o json`,
    ]) {
      const document = JSON.parse((await run(line)).stdout);
      expect(isDocument(document), JSON.stringify(isDocument.errors)).toBe(true);
      expect(document).toMatchObject({ current: 1, generations: [{ parent: null }] });
    }
  });

  it.each([
    ['push -f ./conf.d', '--to'],
    ['push -f ./conf.d --to http://a/b', 'is not the address'],
    ['push -f - --to etcd://a/b', 'only files and folders'],
    ['push -f etcd://a/b --to etcd://a/c', 'only files and folders'],
    ['push -f ./shop.txt --to etcd://a/b', 'is not called *.yaml'],
    ['push -f ./conf.d -f ./conf.d/shop.yaml --to etcd://a/b', 'is given twice'],
    ['push -f ./conf.d -f ./other --to etcd://a/b', 'two files are called shop.yaml'],
    ['push -f ./conf.d/nodes/lb1 --to etcd://a/b', 'is for lb1 only, and a push is for all nodes'],
    ['push -f ./conf.d/shop.yaml -f ./conf.d/nodes/lb1/times.yaml --to etcd://a/b', 'lb1 only'],
    ['push -f ./conf.d --to etcd://a/b --keep 0', 'from 1 on'],
    ['push --generation 0 --to etcd://a/b', 'from 1 on'],
    ['push --generation 1 -f ./conf.d --to etcd://a/b', 'in place of -f'],
    ['generations x', 'is not the address'],
  ])('refuses %s', async (line, message) => {
    const { run } = workspace({
      ...FLEET_FILES,
      'shop.txt': SHOP,
      'other/shop.yaml': SHOP.replace('192.0.2.10', '192.0.2.11'),
    });
    const { status, stderr } = await run(line);
    expect([status, stderr]).toEqual([64, expect.stringContaining(message)]);
  });

  it('refuses a message of several lines, or with characters that are not seen', async () => {
    const { run } = workspace(FLEET_FILES);
    for (const message of ['a\nb', 'a\u202eb', 'x'.repeat(1001)]) {
      const line = ['push', '-f', './conf.d', '--to', 'etcd://a/b', '-m', message];
      expect((await run(line)).status).toBe(64);
    }
  });
});

describe('-f etcd://', () => {
  it('is planned, applied and checked with positions in the generation', async () => {
    const { run, write, address } = await fleet({
      ...FLEET_FILES,
      'live.yaml': 'version: 1\nservices: []\n',
    });
    await run(`push -f ./conf.d --to ${address}`);
    const line = `-f ${address} --node lb1 --table ./live.yaml`;
    expect((await run(`plan ${line}`)).stdout).toContain(
      '+ tcp://192.0.2.10:443 "shop"  wlc  etcd:/prod@generation 1: shop.yaml:4',
    );
    expect((await run(`apply ${line} --yes`)).status).toBe(0);
    expect((await run(`check ${line}`)).status).toBe(0);
    write('conf.d/shop.yaml', SHOP.replace('10.1.0.11', '10.1.0.1'));
    await run(`push -f ./conf.d --to ${address}`);
    expect((await run(`check ${line}`)).status).toBe(2);
  });

  it('exits 66 when etcd is away, and never plans for an empty table', async () => {
    const { run, etcd, address } = await fleet({ ...FLEET_FILES, 'live.save': '' });
    await etcd.stop();
    const { status, stderr } = await run(`plan -f ${address} --table ./live.save`);
    expect([status, stderr]).toEqual([66, expect.stringContaining('etcd:/prod cannot be reached')]);
  });

  it('is not formatted: its generations never change', async () => {
    const { run } = workspace();
    expect((await run('fmt etcd://a/b')).status).toBe(64);
  });

  it('is one address only', async () => {
    const { run } = workspace();
    expect((await run('validate -f etcd://a/b -f etcd://a/c')).status).toBe(64);
  });
});
