import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, rename, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf, readFiles } from '../../src/sources/files/read-files.ts';
import { readStable } from '../../src/sources/files/read-stable.ts';
import { inFolder } from './watching.ts';

const content = (text: string) => ({ kind: 'content', bytes: Buffer.from(text) });

describe('a stable read', () => {
  test('returns the whole file', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'c.yaml');
      await writeFile(path, 'text');
      expect(await readStable(path)).toEqual(content('text'));
      await writeFile(path, '');
      expect(await readStable(path)).toEqual(content(''));
    }));

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['appended to', (path) => appendFile(path, '+')],
    [
      'renamed over with the same size and mtime',
      async (path) => {
        await writeFile(`${path}.tmp`, 'text');
        await utimes(`${path}.tmp`, 0, 0);
        await rename(`${path}.tmp`, path);
      },
    ],
    [
      'written with the same size and an mtime of long ago',
      async (path) => {
        await writeFile(path, 'TEXT');
        await utimes(path, 0, 0);
      },
    ],
  ])('is repeated when the file is %s meanwhile', (_, change) =>
    inFolder(async (folder) => {
      const path = join(folder, 'c.yaml');
      await writeFile(path, 'text');
      await utimes(path, 0, 0);
      const attempts: number[] = [];
      const read = await readStable(path, {
        onRead: async (attempt) => {
          attempts.push(attempt);
          if (attempt === 1) await change(path);
        },
      });
      expect(attempts).toEqual([1, 2]);
      expect(read).toEqual(await readStable(path));
    }),
  );

  test('returns unstable when the file changes during every attempt', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'c.yaml');
      await writeFile(path, '');
      expect(await readStable(path, { onRead: () => appendFile(path, '+') })).toEqual({
        kind: 'unstable',
      });
    }));

  test('returns unreadable when the file vanishes meanwhile', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'c.yaml');
      await writeFile(path, 'text');
      expect(await readStable(path, { onRead: () => unlink(path) })).toEqual({
        kind: 'unreadable',
        code: 'ENOENT',
      });
    }));

  test('does not read a file that is too large', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'c.yaml');
      await writeFile(path, 'text');
      expect(await readStable(path, { maxSize: 3 })).toEqual({ kind: 'too-large', size: 4 });
      expect(await readStable(path, { maxSize: 4 })).toEqual(content('text'));
    }));

  test('reads nothing but files, and does not wait for the writer of a pipe', () =>
    inFolder(async (folder) => {
      await symlink('loop', join(folder, 'loop'));
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      expect(await readStable(folder)).toEqual({ kind: 'unreadable', code: 'EISDIR' });
      expect(await readStable(join(folder, 'none'))).toEqual({
        kind: 'unreadable',
        code: 'ENOENT',
      });
      expect(await readStable(join(folder, 'loop'))).toEqual({ kind: 'unreadable', code: 'ELOOP' });
      expect(await readStable(join(folder, 'pipe'))).toEqual({ kind: 'special' });
      expect(await readStable('/dev/null')).toEqual({ kind: 'special' });
    }));
});

describe('the files of several paths', () => {
  test('are the files themselves, and in byte order the configuration files of folders', () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, 'd'));
      for (const name of ['b.yml', 'a.yaml', 'B.json', '.c.yaml', 'd.txt', 'e.yaml~'])
        await writeFile(join(folder, 'd', name), name);
      await writeFile(join(folder, 'f'), 'f');
      const files = await readFiles([join(folder, 'f'), join(folder, 'd')]);
      expect(files.map(({ path }) => path)).toEqual(
        ['f', 'd/B.json', 'd/a.yaml', 'd/b.yml'].map((name) => join(folder, name)),
      );
      expect(files.map(({ read }) => read)).toEqual(
        ['f', 'B.json', 'a.yaml', 'b.yml'].map(content),
      );
    }));

  test('have an entry for a folder without files', () =>
    inFolder(async (folder) => {
      expect(await readFiles([folder])).toEqual([{ path: folder, read: { kind: 'no-files' } }]);
    }));

  test('have a digest that follows content, name and readability', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.yaml');
      const digest = async () => digestOf(await readFiles([folder]));
      await writeFile(path, 'text');
      const first = await digest();
      await writeFile(path, 'TEXT');
      const changed = await digest();
      await rename(path, join(folder, 'b.yaml'));
      const renamed = await digest();
      await unlink(join(folder, 'b.yaml'));
      const gone = await digest();
      expect(new Set([first, changed, renamed, gone]).size).toBe(4);
      await writeFile(path, 'text');
      expect(await digest()).toBe(first);
    }));
});
