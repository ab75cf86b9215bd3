import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeLock } from '../../src/recovery/lock.ts';
import { makeFolder } from '../../src/recovery/make-folder.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('makes all folders that are missing, for their owner alone, and again does nothing', () => {
  const path = join(temporaryFolder(), 'a', 'b', 'c');
  makeFolder(path);
  makeFolder(path);
  for (const each of [path, join(path, '..'), join(path, '..', '..')])
    expect(statSync(each).mode & 0o777).toBe(0o700);
});

test('throws below a file', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(join(file, 'a', 'b'))).toThrow('ENOTDIR');
});

test('returns for a path below /proc, where no folder can be made', () => {
  expect(() => makeFolder('/proc/ipvstate/1/2')).toThrow('ENOENT');
});

test('a lock in such a folder is refused with the reason', async () => {
  await expect(
    takeLock('/proc/ipvstate/1/lock', { command: 'ipvstate apply' }),
  ).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining('(ENOENT)') });
});
