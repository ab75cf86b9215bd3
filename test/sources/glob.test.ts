import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expandBraces, findByPattern, isLike } from '../../src/sources/files/glob.ts';
import { readIncluded } from '../../src/sources/files/included.ts';

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-glob-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

describe('a pattern of glob(3)', () => {
  it.each([
    ['web.conf', '*.conf', true],
    ['web.conf', 'w?b.conf', true],
    ['web.conf', '[a-w]eb*', true],
    ['web.conf', '[!a-w]eb*', false],
    ['web.conf', '[^a]eb*', true],
    ['web.conf', 'web', false],
    ['web.conf', 'web?conf', true],
    ['webxconf', 'web.conf', false],
    ['a]b', 'a[]]b', true],
    ['a[b', 'a[b', true],
    ['a*b', 'a\\*b', true],
    ['axb', 'a\\*b', false],
    ['a-b', 'a[x-]b', true],
    ['b', '[z-a]', false],
    ['', '*', true],
    ['\u00e9', '?', true],
    ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '*a*a*a*a*a*a*a*a*a*b', false],
  ])('compares %j with %j', (name, pattern, expected) => {
    expect(isLike(name, pattern)).toBe(expected);
  });

  it.each([
    ['a', ['a']],
    ['{a,b}.conf', ['a.conf', 'b.conf']],
    ['x{a,}', ['xa', 'x']],
    ['{a,{b,c}d}', ['a', 'bd', 'cd']],
    ['{a', ['{a']],
    ['a}', ['a}']],
    ['{}', ['{}']],
    ['\\{a,b\\}', ['\\{a,b\\}']],
    ['{a}', ['a']],
  ])('writes out the braces of %j', (pattern, expected) => {
    expect(expandBraces(pattern)).toEqual(expected);
  });

  it('with too many alternatives names nothing', () => {
    expect(expandBraces('{a,b}'.repeat(20))).toEqual([]);
  });

  it('finds files, sorted by the bytes of their names, and folders with a slash', async () => {
    const folder = folderWith({
      'b.conf': '',
      'A.conf': '',
      '.hidden.conf': '',
      'a.txt': '',
      'd/x.conf': '',
      'e/x.conf': '',
    });
    const find = async (pattern: string) =>
      (await findByPattern(`${folder}/${pattern}`)).map((path) => path.slice(folder.length + 1));
    expect(await find('*.conf')).toEqual(['A.conf', 'b.conf']);
    expect(await find('.*.conf')).toEqual(['.hidden.conf']);
    expect(await find('*/x.conf')).toEqual(['d/x.conf', 'e/x.conf']);
    expect(await find('{b,A,none}.conf')).toEqual(['b.conf', 'A.conf']);
    expect(await find('*')).toEqual(['A.conf', 'a.txt', 'b.conf', 'd/', 'e/']);
    expect(await find('none/*.conf')).toEqual([]);
    expect(await find('b.conf/*')).toEqual([]);
    expect(await find('none')).toEqual([]);
    expect(await findByPattern('/')).toEqual([]);
  });
});

describe('a file that another one includes', () => {
  it('is found from the folder of that file', async () => {
    const folder = folderWith({ 'k.conf': '', 'conf.d/a.conf': 'A', 'conf.d/b.conf': 'B' });
    const files = await readIncluded('conf.d/*.conf', join(folder, 'k.conf'));
    expect(files).toEqual([
      { name: join(folder, 'conf.d/a.conf'), text: 'A' },
      { name: join(folder, 'conf.d/b.conf'), text: 'B' },
    ]);
    expect(await readIncluded('b.conf', join(folder, 'conf.d/a.conf'))).toMatchObject([
      { text: 'B' },
    ]);
    expect(await readIncluded(join(folder, 'conf.d/b.conf'), 'elsewhere')).toMatchObject([
      { text: 'B' },
    ]);
    expect(await readIncluded('none.conf', join(folder, 'k.conf'))).toEqual([]);
  });

  it('is found below a folder whose name looks like a pattern', async () => {
    const folder = folderWith({ '[x]{a,b}*/k.conf': '', '[x]{a,b}*/a.conf': 'A', 'x/a.conf': 'B' });
    const files = await readIncluded('a.conf', join(folder, '[x]{a,b}*/k.conf'));
    expect(files.map(({ text }) => text)).toEqual(['A']);
  });

  it('has one name, however it is reached', async () => {
    const folder = folderWith({ 'a/k.conf': 'A' });
    const [file] = await readIncluded('../a/./k.conf', join(folder, 'a/k.conf'));
    expect(file?.name).toBe(join(folder, 'a/k.conf'));
  });

  it('is skipped when keepalived skips it', async () => {
    const folder = folderWith({ 'run.conf': '', 'd/a.conf': '' });
    chmodSync(join(folder, 'run.conf'), 0o755);
    symlinkSync('/dev/null', join(folder, 'null.conf'));
    const read = async (name: string) =>
      (await readIncluded(name, join(folder, 'k.conf')))[0]?.problem;
    expect(await read('d')).toMatchObject({
      severity: 'warning',
      message: 'keepalived skips a folder',
    });
    expect(await read('run.conf')).toMatchObject({
      severity: 'warning',
      message: 'keepalived skips a file that is executable',
    });
    expect(await read('null.conf')).toMatchObject({
      severity: 'warning',
      message: 'keepalived skips what is not a file',
    });
  });

  it('is an error when it is not text, or too large, or leads nowhere', async () => {
    const folder = folderWith({ 'large.conf': 'x'.repeat(5_000_000) });
    writeFileSync(join(folder, 'latin.conf'), Buffer.from([0x41, 0xe9, 0x0a]));
    symlinkSync('loop.conf', join(folder, 'loop.conf'));
    const read = async (name: string) =>
      (await readIncluded(name, join(folder, 'k.conf')))[0]?.problem;
    expect(await read('latin.conf')).toMatchObject({ code: 'NOT_TEXT', severity: 'error' });
    expect((await read('large.conf'))?.message).toContain('5000000 bytes');
    expect(await read('loop.conf')).toMatchObject({
      severity: 'error',
      message: 'it cannot be read (ELOOP)',
    });
  });
});
