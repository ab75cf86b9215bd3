import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { linesNewestFirst, type TextLine } from '../../src/recovery/journal/newest-first.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-lines-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

const path = (name: string): string => join(folder, name);
const texts = (...names: string[]): string[] =>
  [...linesNewestFirst(names.map(path))].map(({ text }) => text);

describe('the lines of a journal', () => {
  type Reader = (paths: readonly string[]) => Iterable<Pick<TextLine, 'text'>>;
  /** Lines of a few bytes, and lines of more than a chunk, with characters of several bytes. */
  const line = fc
    .tuple(fc.constantFrom('a', 'ä', '漢', '😀'), fc.constantFrom(1, 2, 7, 20_000, 70_000))
    .map(([character, length]) => character.repeat(length));
  const areReversed = (reader: Reader) =>
    fc.property(
      fc.array(line, { maxLength: 6 }),
      fc.array(line, { maxLength: 6 }),
      (old, young) => {
        const write = (name: string, lines: readonly string[]): void =>
          writeFileSync(path(name), lines.map((text) => `${text}\n`).join(''));
        write('old', old);
        write('young', young);
        const read = [...reader([path('young'), path('old')])].map(({ text }) => text);
        return JSON.stringify(read) === JSON.stringify([...old, ...young].reverse());
      },
    );

  test('come from the last to the first, whatever their lengths are', async () => {
    await holds(areReversed(linesNewestFirst), 60);
    const lenient: Reader = (paths) => [...linesNewestFirst(paths)].slice(0, 5);
    await isBrokenBy(areReversed(lenient));
  });

  test('have numbers that count from the beginning of the file', () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index + 1}`);
    writeFileSync(path('a'), `${lines.join('\n')}\n`);
    let count = 0;
    for (const { text, number } of linesNewestFirst([path('a')])) {
      if (count++ % 9999 === 0) expect(text).toBe(`line ${number()}`);
    }
    expect(count).toBe(30_000);
  });

  test('are torn where the file does not end a line', () => {
    writeFileSync(path('a'), 'one\ntwo\nthr');
    expect([...linesNewestFirst([path('a')])].map(({ text, isTorn }) => [text, isTorn])).toEqual([
      ['thr', true],
      ['two', false],
      ['one', false],
    ]);
  });

  test('are those of the time when the journal was opened', () => {
    writeFileSync(path('a'), 'one\n');
    writeFileSync(path('b'), 'zero\n');
    const lines = linesNewestFirst([path('a'), path('b')]);
    expect(lines.next().value).toMatchObject({ text: 'one' });
    appendFileSync(path('a'), 'two\n');
    renameSync(path('a'), path('b'));
    expect(lines.next().value).toMatchObject({ text: 'zero' });
    expect(lines.next().done).toBe(true);
  });

  test('come once when a file has two names', () => {
    writeFileSync(path('a'), 'one\n');
    expect([...linesNewestFirst([path('a'), path('a')])]).toHaveLength(1);
  });

  test('come from the files that exist', () => {
    writeFileSync(path('b'), 'one\n');
    expect(texts('a', 'b', 'c')).toEqual(['one']);
    expect(texts('nowhere/a')).toEqual([]);
  });

  test('of an empty file and empty lines are none', () => {
    writeFileSync(path('a'), '');
    writeFileSync(path('b'), '\n\n');
    expect(texts('a', 'b')).toEqual([]);
  });

  test('fail for a file that cannot be read', () => {
    mkdirSync(path('a'));
    expect(() => texts('a')).toThrow(/a cannot be read \(EISDIR\)/);
  });

  test('of a huge file are there at once, because only its end is read', () => {
    const file = openSync(path('a'), 'w');
    writeSync(file, '\nlast\n', 2 ** 40);
    closeSync(file);
    expect(linesNewestFirst([path('a')]).next().value).toMatchObject({ text: 'last' });
  });
});
