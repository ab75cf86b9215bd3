import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openGenerationStore } from '../../src/recovery/records/kept-generation.ts';

const ADDRESS = { hosts: ['etcd1:2379', 'etcd2:2379'], prefix: '/prod' };
const KEPT = {
  ...{ generation: 17, sha256: 'a'.repeat(64) },
  files: [{ name: 'a.yaml', bytes: Buffer.from([0, 255]) }],
};

function stateFolder() {
  const state = mkdtempSync(join(tmpdir(), 'ipvstate-kept-'));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const warnings: string[] = [];
  const folders = { state, runtime: state };
  const open = (address = ADDRESS) =>
    openGenerationStore({ folders }, address, (message) => warnings.push(message));
  return { path: join(state, 'etcd.json'), open, warnings };
}

describe('the generation that is kept for a start without etcd', () => {
  it('is read back byte for byte, also when one member was replaced', async () => {
    const { open, warnings } = stateFolder();
    expect(await open().read()).toBeUndefined();
    await open().write(KEPT);
    expect(await open().read()).toEqual(KEPT);
    expect(await open({ ...ADDRESS, hosts: ['etcd3:2379', 'etcd2:2379'] }).read()).toEqual(KEPT);
    expect(warnings).toEqual([]);
  });

  it.each([[{ ...ADDRESS, hosts: ['other:2379'] }], [{ ...ADDRESS, prefix: '/test' }]])(
    'is not used for %j, which is another configuration, and that is said',
    async (other) => {
      const { path, open, warnings } = stateFolder();
      await open().write(KEPT);
      expect(await open(other).read()).toBeUndefined();
      expect(warnings).toEqual([
        `${path} has a generation of etcd://etcd1:2379,etcd2:2379/prod, and is not used. ` +
          'Without etcd, there is no configuration.',
      ]);
    },
  );

  it('is used when it was kept by a version that did not note the members', async () => {
    const { path, open } = stateFolder();
    await open().write(KEPT);
    const { hosts, ...earlier } = JSON.parse(readFileSync(path, 'utf8'));
    expect(hosts).toEqual(ADDRESS.hosts);
    writeFileSync(path, JSON.stringify(earlier));
    expect(await open().read()).toEqual(KEPT);
  });

  it.each(['', 'x', '{}', '{"format":"ipvstate-kept-generation","version":1,"files":5}'])(
    'is not used when its file has %j, and that is said',
    async (text) => {
      const { path, open, warnings } = stateFolder();
      writeFileSync(path, text);
      expect(await open().read()).toBeUndefined();
      expect(warnings).toEqual([
        expect.stringContaining('Without etcd, there is no configuration'),
      ]);
    },
  );

  it('is no error when its file cannot be read or written, and that is said', async () => {
    const { path, open, warnings } = stateFolder();
    mkdirSync(path);
    expect(await open().read()).toBeUndefined();
    await open().write(KEPT);
    expect(warnings).toEqual([
      expect.stringContaining('Without etcd, there is no configuration.'),
      expect.stringContaining('A start without etcd has an older configuration, or none.'),
    ]);
  });
});
