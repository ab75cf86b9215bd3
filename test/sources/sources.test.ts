import { execFileSync, spawn } from 'node:child_process';
import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { followFiles, openFiles } from '../../src/sources/files/files.ts';
import { followConfiguration } from '../../src/sources/follow.ts';
import { load } from '../../src/sources/load.ts';
import { readStream } from '../../src/sources/read-stream.ts';
import { openSources } from '../../src/sources/sources.ts';
import { STDIN, STDIN_NAME } from '../../src/sources/stdin.ts';
import { type SourceContent, sourceContract } from './source-contract.ts';
import { inFolder } from './watching.ts';

const TOO_MANY_BYTES = 64 * 1024 * 1024 + 1;

async function put(path: string, content: SourceContent): Promise<void> {
  if (content === 'nothing') return rm(path, { force: true });
  await writeFile(`${path}.new`, content === 'too-much' ? '' : content);
  if (content === 'too-much') await truncate(`${path}.new`, TOO_MANY_BYTES);
  await rename(`${path}.new`, path);
}

const files =
  (paths: (folder: string) => readonly string[], file: string) =>
  (content: SourceContent, run: Parameters<Parameters<typeof sourceContract>[1]>[1]) =>
    inFolder(async (folder) => {
      const name = join(folder, file);
      await mkdir(join(folder, 'conf.d'));
      await put(name, content);
      const places = paths(folder);
      const isDefault = places.length > 1;
      await run({
        source: isDefault ? openFiles([], places) : openFiles(places),
        followed: isDefault ? followFiles([], places) : followFiles(places),
        // Where nothing is, messages name the place that was asked for.
        name: content === 'nothing' ? (places[0] ?? '') : name,
        change: (next) => put(name, next),
      });
    });

sourceContract(
  'file',
  files((folder) => [join(folder, 'a.yaml')], 'a.yaml'),
  {
    isFollowable: true,
  },
);
sourceContract(
  'folder',
  files((folder) => [join(folder, 'conf.d')], 'conf.d/a.json'),
  {
    isFollowable: true,
  },
);
sourceContract(
  'default file',
  files((folder) => [join(folder, 'ipvstate.yaml'), join(folder, 'none.d')], 'ipvstate.yaml'),
  { isFollowable: true },
);

function streamOf(content: SourceContent): Readable {
  if (content === 'nothing')
    return new Readable().destroy(Object.assign(new Error('closed'), { code: 'EBADF' }));
  if (content !== 'too-much') return Readable.from(content.length > 0 ? [content] : []);
  const chunk = Buffer.alloc(8 * 1024 * 1024);
  return Readable.from(Array.from({ length: 9 }, () => chunk));
}

sourceContract(
  'stdin',
  (content, run) =>
    run({
      source: STDIN.open(['-'], () => streamOf(content)),
      followed: undefined,
      name: STDIN_NAME,
      change: async () => {},
    }),
  { isFollowable: false },
);

describe('sources', () => {
  test('are read in the order of -f, with stdin in its place', () =>
    inFolder(async (folder) => {
      const [a, b] = [join(folder, 'a'), join(folder, 'b')];
      await Promise.all([writeFile(a, 'a'), writeFile(b, 'b')]);
      const sources = openSources([b, '-', a], () => Readable.from(['stdin']));
      const documents = await Promise.all(sources.map((source) => source.read()));
      expect(documents.flat().map(({ name }) => name)).toEqual([b, STDIN_NAME, a]);
    }));

  test('of a path that is given twice are refused', () => {
    const stdin = () => Readable.from([]);
    expect(() => openSources(['a', 'b', 'a'], stdin)).toThrow('a is given twice');
    expect(() => openSources(['-', 'a', '-'], stdin)).toThrow('- is given twice');
  });
});

describe('the default place', () => {
  const places = (folder: string) => [join(folder, 'ipvstate.yaml'), join(folder, 'conf.d')];
  const names = async (documents: Promise<readonly { readonly name: string }[]>) =>
    (await documents).map(({ name }) => name);

  test('is the file, and the folder only while there is no file', () =>
    inFolder(async (folder) => {
      const [file = '', conf = ''] = places(folder);
      await mkdir(conf);
      await writeFile(join(conf, 'a.yaml'), '');
      for (const open of [openFiles, followFiles])
        expect(await names(open([], places(folder)).read())).toEqual([join(conf, 'a.yaml')]);
      await writeFile(file, '');
      for (const open of [openFiles, followFiles])
        expect(await names(open([], places(folder)).read())).toEqual([file]);
    }));

  test('is named in both forms when neither exists', () =>
    inFolder(async (folder) => {
      const [file = '', conf = ''] = places(folder);
      for (const open of [openFiles, followFiles])
        await expect(open([], places(folder)).read()).rejects.toMatchObject({
          code: 'NO_INPUT',
          message: `neither ${file} nor ${conf} exists`,
        });
    }));

  test('that a daemon follows stays the file while the file is missing for a moment', () =>
    inFolder(async (folder) => {
      const [file = '', conf = ''] = places(folder);
      await mkdir(conf);
      await writeFile(join(conf, 'a.yaml'), '');
      await writeFile(file, '');
      const source = followFiles([], places(folder));
      expect(await names(source.read())).toEqual([file]);
      await rm(file);
      await expect(source.read()).rejects.toMatchObject({ code: 'NO_INPUT' });
      await writeFile(file, '');
      expect(await names(source.read())).toEqual([file]);
    }));

  test('that a daemon follows may come into being after the daemon', () =>
    inFolder(async (folder) => {
      const [file = ''] = places(folder);
      const source = followFiles([], places(folder));
      await expect(source.read()).rejects.toMatchObject({ code: 'NO_INPUT' });
      await writeFile(file, '');
      expect(await names(source.read())).toEqual([file]);
    }));
});

describe('a folder', () => {
  test('without a configuration file says so, also where it is followed', () =>
    inFolder(async (folder) => {
      for (const open of [openFiles, followFiles])
        await expect(open([folder]).read()).rejects.toMatchObject({
          code: 'NO_INPUT',
          message: `${folder} has no *.yaml, *.yml or *.json file`,
        });
    }));

  test('in the place of a file is named', () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, 'a.yaml'));
      for (const open of [openFiles, followFiles])
        await expect(open([folder]).read()).rejects.toMatchObject({
          code: 'NO_INPUT',
          message: expect.stringContaining('is a folder'),
        });
    }));
});

describe('a pipe', () => {
  test('is read once, and refused where it would be read again', () =>
    inFolder(async (folder) => {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      await expect(followFiles([pipe]).read()).rejects.toMatchObject({ code: 'NO_INPUT' });
      const writer = spawn('sh', ['-c', 'printf text > "$0"', pipe]);
      const ended = new Promise((resolve) => writer.on('exit', resolve));
      expect(await openFiles([pipe]).read()).toEqual([{ name: pipe, bytes: Buffer.from('text') }]);
      await ended;
    }));
});

describe('a folder with a pipe and a device', () => {
  const inSpecialFolder = (test: (folder: string) => Promise<void>) =>
    inFolder(async (folder) => {
      execFileSync('mkfifo', [join(folder, 'b.yaml')]);
      await symlink('/dev/zero', join(folder, 'c.yaml'));
      await test(folder);
    });

  test('has only its files, and says which are left out', () =>
    inSpecialFolder(async (folder) => {
      await writeFile(join(folder, 'a.yaml'), 'version: 1\nservices: []\n');
      const paths = ['b.yaml', 'c.yaml'].map((name) => join(folder, name));
      const once = await load([folder], () => Readable.from([]));
      const followed = await followConfiguration([folder]).load();
      for (const { desired, issues } of [once, followed]) {
        expect(desired?.services.size).toBe(0);
        expect(
          issues.map(({ code, severity, position }) => [code, severity, position.file]),
        ).toEqual(paths.map((path) => ['NOT_A_FILE', 'warning', path]));
      }
      expect(once.files).toEqual([join(folder, 'a.yaml')]);
      expect(followed.files).toMatchObject([{ path: join(folder, 'a.yaml') }]);
    }));

  test('is no configuration when it has nothing else', () =>
    inSpecialFolder(async (folder) => {
      for (const open of [openFiles, followFiles])
        await expect(open([folder]).read()).rejects.toMatchObject({
          code: 'NO_INPUT',
          message: `${folder} has no *.yaml, *.yml or *.json file`,
        });
    }));

  test('is read again when a file takes the place of the pipe', () =>
    inSpecialFolder(async (folder) => {
      await writeFile(join(folder, 'a.yaml'), 'version: 1\nservices: []\n');
      const configuration = followConfiguration([folder]);
      const before = await configuration.load();
      await rm(join(folder, 'b.yaml'));
      const after = await configuration.load();
      expect([before, after].map(({ issues }) => issues.length)).toEqual([2, 1]);
    }));
});

test('a stream is read to its limit and refused above', async () => {
  const stream = () => Readable.from([Buffer.from('ab'), Buffer.from('cd')]);
  expect((await readStream(stream(), 's', 4)).toString()).toBe('abcd');
  await expect(readStream(stream(), 's', 3)).rejects.toMatchObject({ code: 'CONFIG' });
});
