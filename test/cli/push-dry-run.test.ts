import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { fleet } from './fleet-workspace.ts';
import { SHOP } from './workspace.ts';

const readSchema = (name: string) =>
  JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8'));
const isDocument = new Ajv({
  ...{ strict: false, validateFormats: false },
  schemas: ['fleet-diff', 'plan', 'validation', 'overrides', 'health'].map(readSchema),
}).compile(readSchema('push-plan'));

/** An etcd, and a function that makes a dry run, which must leave all keys as they are. */
async function world() {
  const { etcd, run, ...space } = await fleet();
  const dryRun = async (options = '-f ./conf.d') => {
    const before = JSON.stringify([...etcd.backup()]);
    const line = `push ${options} --to ${space.address} --dry-run`;
    const text = await run(line);
    const json = await run(`${line} -o json`);
    expect(JSON.stringify([...etcd.backup()])).toBe(before);
    const document = text.status === 0 ? JSON.parse(json.stdout) : undefined;
    if (document) expect(isDocument(document), JSON.stringify(isDocument.errors)).toBe(true);
    return { ...text, document };
  };
  const push = () => run(`push -f ./conf.d --to ${space.address}`);
  return { etcd, run, ...space, dryRun, push };
}

describe('push --dry-run', () => {
  it('names the files of the first generation, and the nodes that they are valid for', async () => {
    const { dryRun } = await world();
    const { status, stdout, document } = await dryRun();
    expect([status, stdout]).toEqual([
      0,
      'Generation 1 of etcd:/prod would be the only one in force:\n' +
        '  shop.yaml is only here\n  nodes/lb1/times.yaml is only here\n' +
        'Valid for lb1, any other node.\n',
    ]);
    expect(document).toMatchObject({ current: null, generation: 1, nodes: ['lb1', ''] });
  });

  it('names the files that differ from those in force, and no others', async () => {
    const { dryRun, push, write, folder } = await world();
    await push();
    write('conf.d/shop.yaml', `${SHOP}# changed\n`);
    write('conf.d/nodes/lb2/own.yaml', 'version: 1\nservices: []\n');
    rmSync(join(folder, 'conf.d/nodes/lb1/times.yaml'));
    const { stdout, document } = await dryRun();
    expect(stdout).toBe(
      'Generation 2 of etcd:/prod would follow generation 1:\n  shop.yaml differs\n' +
        '  nodes/lb2/own.yaml is only here\n  nodes/lb1/times.yaml is only in etcd\n' +
        'Valid for lb2, any other node.\nlb1, lb2: no plan: it has never reported\n',
    );
    expect(document.differences).toEqual([
      { file: 'shop.yaml', change: 'changed' },
      { file: 'nodes/lb2/own.yaml', change: 'added' },
      { file: 'nodes/lb1/times.yaml', change: 'removed' },
    ]);
  });

  it('says that nothing would be pushed when the files are in force', async () => {
    const { dryRun, push } = await world();
    await push();
    const { stdout, document } = await dryRun();
    expect(stdout).toContain('Generation 1 of etcd:/prod has these files: nothing would be pushed');
    expect(document).toMatchObject({ current: 1, generation: null, differences: [] });
  });

  it('says that the same files would be pushed when directors cannot read them', async () => {
    const { etcd, dryRun, push } = await world();
    await push();
    for (const key of etcd.keys()) if (key.includes('/chunks/')) etcd.delete(key);
    const { status, stdout, stderr } = await dryRun();
    expect([status, stdout]).toEqual([0, expect.stringContaining('with the same files.')]);
    expect(stderr).toContain('a push writes the files again');
  });

  it('reads an earlier generation whole, with --generation', async () => {
    const { etcd, dryRun, push, write } = await world();
    await push();
    write('conf.d/shop.yaml', `${SHOP}# changed\n`);
    await push();
    const { stdout } = await dryRun('--generation 1');
    expect(stdout).toContain('Generation 3 of etcd:/prod would follow generation 2:');
    expect(stdout).toContain('  shop.yaml differs\n');
    for (const key of etcd.keys()) if (key.includes('/chunks/')) etcd.delete(key);
    expect((await dryRun('--generation 1')).status).toBe(66);
    expect((await dryRun('--generation 9')).status).toBe(66);
  });

  it('refuses files with an error, a generation that is not in force, and --keep', async () => {
    const { dryRun, push, write } = await world();
    await push();
    expect((await dryRun('-f ./conf.d --after 7')).status).toBe(4);
    expect((await dryRun('-f ./conf.d --keep 7')).status).toBe(64);
    write('conf.d/nodes/lb2/shop.yaml', SHOP);
    expect(await dryRun()).toMatchObject({ status: 65, stderr: expect.stringContaining('(lb2)') });
  });
});
