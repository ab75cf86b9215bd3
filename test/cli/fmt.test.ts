import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rewrite } from '../../src/cli/verbs/fmt.ts';
import { replaceFile } from '../../src/recovery/records/write.ts';
import { shop, workspace } from './workspace.ts';

const UGLY = `# the shop
services:
 - {address: 'tcp://192.0.2.1:80', destinations: [ "10.0.0.1", 10.0.0.2 ]}  # web
version: 1
`;
const NICE = `# the shop
version: 1

services:
  - { address: tcp://192.0.2.1:80, destinations: [10.0.0.1, 10.0.0.2] } # web
`;

describe('fmt', () => {
  it('rewrites files, keeps their mode, and names those that changed', async () => {
    const { run, read, path, folder } = workspace({ 'a.yaml': UGLY, 'b.yaml': NICE });
    chmodSync(path('a.yaml'), 0o640);
    const { mtimeMs } = statSync(path('b.yaml'));
    expect(await run('fmt ./a.yaml ./b.yaml')).toEqual({
      status: 0,
      stdout: 'a.yaml\n',
      stderr: 'ipvstate: 1 of 2 files rewritten\n',
    });
    expect(read('a.yaml')).toBe(NICE);
    expect(statSync(path('a.yaml')).mode & 0o777).toBe(0o640);
    expect(statSync(path('b.yaml')).mtimeMs).toBe(mtimeMs);
    expect(readdirSync(folder).sort()).toEqual(['a.yaml', 'b.yaml']);
  });

  it('with --check exits 2 for a file that differs, and writes nothing', async () => {
    const { run, read } = workspace({ 'a.yaml': UGLY, 'b.yaml': NICE });
    expect(await run('fmt --check ./a.yaml ./b.yaml')).toMatchObject({
      status: 2,
      stdout: 'a.yaml\n',
    });
    expect(read('a.yaml')).toBe(UGLY);
    expect(await run('fmt --check ./b.yaml')).toMatchObject({ status: 0, stdout: '' });
  });

  it('formats stdin to stdout, and checks it', async () => {
    const { run } = workspace();
    const from = (text: string) => ({ stdin: text });
    expect(await run('fmt -', from(UGLY))).toEqual({ status: 0, stdout: NICE, stderr: '' });
    expect(await run('fmt -', from(NICE))).toEqual({ status: 0, stdout: NICE, stderr: '' });
    expect(await run('fmt --check -', from(UGLY))).toMatchObject({
      status: 2,
      stdout: '<stdin>\n',
    });
  });

  it('formats the files of a folder, JSON too', async () => {
    const { run, read } = workspace({
      'conf.d/a.yaml': UGLY,
      'conf.d/b.json': '{"services":[],"version":1}',
      'conf.d/notes.txt': 'not a configuration',
    });
    expect(await run('fmt ./conf.d')).toMatchObject({
      status: 0,
      stdout: 'conf.d/a.yaml\nconf.d/b.json\n',
    });
    expect(read('conf.d/b.json')).toBe('{\n  "version": 1,\n  "services": []\n}\n');
  });

  it('leaves all files alone when one has errors, and shows the errors of all', async () => {
    const { run, read } = shop({
      'a.yaml': UGLY,
      'bad.yaml': 'version: 1\nservice: []\n',
      empty: '',
      p: '{\n  "format": "ipvstate-plan",\n  "saved": {}\n}\n',
    });
    const { status, stdout, stderr } = await run('fmt ./a.yaml ./bad.yaml ./live.save ./empty ./p');
    expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
    expect(read('a.yaml')).toBe(UGLY);
    expect(stderr).toContain('bad.yaml:2:1: error UNKNOWN_KEY');
    expect(stderr).toContain('live.save:1:1: error TRANSLATE: these are rules for ipvsadm');
    expect(stderr).toContain('empty:1:1: error EMPTY');
    expect(stderr).toContain('p:1:1: error WRONG_TYPE: this is a saved plan');
    expect(stderr).toContain('no file was changed');
  });

  it.each([
    ['fmt', 64],
    ['fmt - ./shop.yaml', 64],
    ['fmt ./shop.yaml ./shop.yaml', 64],
    ['fmt ./missing.yaml', 66],
  ])('%s exits %i', async (line, status) => {
    expect((await shop().run(line)).status).toBe(status);
  });

  it('does not follow a symbolic link, which can lead to any file', async () => {
    const { run, read, path } = workspace({ 'a.yaml': UGLY });
    symlinkSync(path('a.yaml'), path('link.yaml'));
    const { status, stderr } = await run('fmt ./link.yaml');
    expect(status).toBe(74);
    expect(stderr).toContain('link.yaml is a symbolic link, and is not followed');
    expect(stderr).toContain('Name the file that it leads to: ');
    expect(read('a.yaml')).toBe(UGLY);
    // Nothing is to be written through a link to a file in canonical form.
    await run('fmt ./a.yaml');
    expect((await run('fmt ./link.yaml')).status).toBe(0);
  });
});

it('a folder is not replaced as if it were a file', async () => {
  const { path } = workspace();
  mkdirSync(path('d'));
  await expect(replaceFile(path('d'), '')).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('is not a file'),
  });
  await expect(replaceFile(path('none'), '')).rejects.toMatchObject({ code: 'IO' });
});

it('a file that has changed since it was read is left alone', async () => {
  const { path, read } = workspace({ a: 'new' });
  const document = { name: path('a'), bytes: Buffer.from('old') };
  await expect(rewrite(document, 'formatted')).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('has changed since it was read'),
  });
  expect(read('a')).toBe('new');
});
