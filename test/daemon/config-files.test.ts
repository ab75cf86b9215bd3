import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openConfigFiles } from '../../src/daemon/config-files.ts';
import { SourceCache } from '../../src/sources/files/read-stable.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-files-'));
  return () => rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const service = (port: number): string =>
  `version: 1\nservices: [{ address: "tcp://192.0.2.1:${port}", destinations: [10.0.0.1] }]\n`;
const open = (paths: readonly string[] = [folder], saw: (digest: string) => void = () => {}) =>
  openConfigFiles(paths, new SourceCache(), saw);

describe('the files of the daemon', () => {
  it('are parsed only when their content is another one: the entries of the others stay the very same', async () => {
    write('a.yaml', service(1));
    write('b.yaml', service(2));
    const files = open();
    const before = await files.load();
    write('b.yaml', service(3));
    const after = await files.load();
    const [a] = [...(before.desired?.services.values() ?? [])];
    expect([...(after.desired?.services.keys() ?? [])]).toEqual([
      'tcp://192.0.2.1:1',
      'tcp://192.0.2.1:3',
    ]);
    expect([...(after.desired?.services.values() ?? [])][0]).toBe(a);
    expect(after.digest).not.toBe(before.digest);
    expect(await files.load()).toBe(after);
  });

  it('tell what they are by their hashes, and whoever watches what was read', async () => {
    write('a.yaml', service(1));
    const seen: string[] = [];
    const loaded = await open([folder], (digest) => seen.push(digest)).load();
    expect(seen).toEqual([loaded.digest]);
    expect(loaded.files).toEqual([
      { path: join(folder, 'a.yaml'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });

  it('with errors have no desired state, and keep the text that shows them', async () => {
    write('a.yaml', service(1));
    write('b.yaml', service(2).replace('address', 'adress'));
    const files = open();
    const loaded = await files.load();
    expect(loaded.desired).toBeUndefined();
    expect(
      loaded.issues.some(({ code, position }) => code === 'UNKNOWN_KEY' && position.line === 2),
    ).toBe(true);
    expect([...files.texts.keys()]).toEqual([join(folder, 'b.yaml')]);
  });

  it('that contradict each other are an error with both places', async () => {
    write('a.yaml', service(1));
    write('b.yaml', service(1));
    const { desired, issues } = await open().load();
    expect(desired).toBeUndefined();
    expect(issues).toMatchObject([
      { code: 'DUPLICATE', related: { position: { file: join(folder, 'a.yaml') } } },
    ]);
  });

  it('that are missing, empty folders or forbidden are an error with the reason in words', async () => {
    await expect(open([join(folder, 'none.yaml')]).load()).rejects.toMatchObject({
      code: 'NO_INPUT',
      message: expect.stringContaining('does not exist'),
    });
    await expect(open().load()).rejects.toMatchObject({ code: 'NO_INPUT' });
    mkdirSync(join(folder, 'a.yaml'));
    await expect(open().load()).rejects.toMatchObject({
      code: 'NO_INPUT',
      message: expect.stringContaining('is a folder'),
    });
  });

  it('are read again although nothing but the content is another one', async () => {
    write('a.yaml', service(1));
    const files = open();
    const before = await files.load();
    chmodSync(join(folder, 'a.yaml'), 0o600);
    expect(await files.load()).toBe(before);
    write('a.yaml', service(2));
    expect((await files.load()).digest).not.toBe(before.digest);
  });
});
