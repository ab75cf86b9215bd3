import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { followConfiguration } from '../../src/sources/follow.ts';
import { destinationKeyOf, keyOf } from '../support/tables.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-follow-'));
  return () => rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const service = (port: number): string =>
  `version: 1\nservices: [{ address: "tcp://192.0.2.1:${port}", destinations: [10.0.0.1] }]\n`;

describe('a followed configuration', () => {
  it('parses only documents whose content changed, and keeps all other entries', async () => {
    write('a.yaml', service(1));
    write('b.yaml', service(2));
    const configuration = followConfiguration([folder]);
    const before = await configuration.load();
    write('b.yaml', service(3));
    const after = await configuration.load();
    const [a] = [...(before.desired?.services.values() ?? [])];
    expect([...(after.desired?.services.keys() ?? [])]).toEqual([
      'tcp://192.0.2.1:1',
      'tcp://192.0.2.1:3',
    ]);
    expect([...(after.desired?.services.values() ?? [])][0]).toBe(a);
    expect(after.digest).not.toBe(before.digest);
    expect(await configuration.load()).toBe(after);
  });

  it('keeps the places of the services, and not those of their destinations', async () => {
    write('a.yaml', service(1));
    write('b.yaml', `# one more line\n${service(2)}`);
    const { desired } = await followConfiguration([folder]).load();
    const key = keyOf('tcp://192.0.2.1:2');
    expect(desired?.locate(key)).toMatchObject({ file: join(folder, 'b.yaml'), line: 3 });
    expect(desired?.locate(key, destinationKeyOf('10.0.0.1:2'))).toBeUndefined();
  });

  it('names its documents with their digests', async () => {
    write('a.yaml', service(1));
    const { files } = await followConfiguration([folder]).load();
    expect(files).toEqual([
      { path: join(folder, 'a.yaml'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });

  it('with errors has no desired state and keeps the texts that show the errors', async () => {
    write('a.yaml', service(1));
    write('b.yaml', service(2).replace('address', 'adress'));
    const configuration = followConfiguration([folder]);
    const { desired, issues } = await configuration.load();
    expect(desired).toBeUndefined();
    expect(issues.some(({ code, position }) => code === 'UNKNOWN_KEY' && position.line === 2)).toBe(
      true,
    );
    expect([...configuration.texts.keys()]).toEqual([join(folder, 'b.yaml')]);
  });

  it('shows both places when two documents contradict each other', async () => {
    write('a.yaml', service(1));
    write('b.yaml', service(1));
    const { desired, issues } = await followConfiguration([folder]).load();
    expect(desired).toBeUndefined();
    expect(issues).toMatchObject([
      { code: 'DUPLICATE', related: { position: { file: join(folder, 'a.yaml') } } },
    ]);
  });

  it('is the same load when only the mode of a file changed', async () => {
    write('a.yaml', service(1));
    const configuration = followConfiguration([folder]);
    const before = await configuration.load();
    chmodSync(join(folder, 'a.yaml'), 0o600);
    expect(await configuration.load()).toBe(before);
    write('a.yaml', service(2));
    expect((await configuration.load()).digest).not.toBe(before.digest);
  });

  it('refuses a file that is named both by itself and by its folder', async () => {
    write('a.yaml', service(1));
    await expect(
      followConfiguration([folder, join(folder, 'a.yaml')]).load(),
    ).rejects.toMatchObject({
      code: 'USAGE',
      message: `${join(folder, 'a.yaml')} is given twice`,
    });
  });

  it('refuses stdin, which cannot be read again', () => {
    expect(() => followConfiguration(['-'])).toThrow('stdin cannot be read again');
  });
});
