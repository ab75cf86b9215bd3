import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { isCount, objectOf } from '../../src/model/shape.ts';
import {
  type FileFormat,
  readVersioned,
  setAside,
  writeVersioned,
} from '../../src/recovery/records/versioned.ts';
import { writeAtomically } from '../../src/recovery/records/write.ts';
import { temporaryState } from '../support/temporary-state.ts';

interface Thing {
  readonly count: number;
}
const FORMAT: FileFormat<Thing> = {
  name: 'ipvstate-thing',
  version: 1,
  shape: objectOf<Thing>({ count: isCount }),
};

const pathOfThing = (): string => join(temporaryState().runtime, 'thing.json');

test('reads what was written, and lets only the owner read the file', async () => {
  const path = pathOfThing();
  await writeVersioned(path, FORMAT, { count: 3 });
  expect(await readVersioned(path, FORMAT)).toEqual({ kind: 'read', value: { count: 3 } });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  expect(readdirSync(dirname(path))).toEqual(['thing.json']);
});

test('tells a missing file from a damaged one', async () => {
  expect(await readVersioned(pathOfThing(), FORMAT)).toEqual({ kind: 'none' });
});

test.each([
  ['', 'it is damaged'],
  ['{"format":"ipvstate-thing","version":1,"cou', 'it is damaged'],
  ['{"format":"ipvstate-thing","version":1,"count":"3"}', 'it is damaged'],
  [
    '{"format":"ipvstate-thing","version":2,"count":3}',
    'it has version 2, and this program knows version 1',
  ],
  ['{"format":"other","version":1,"count":3}', 'it is no ipvstate-thing file'],
  ['null', 'it is no ipvstate-thing file'],
  ['[]', 'it is no ipvstate-thing file'],
])('cannot use the text %j: %s', async (text, reason) => {
  const path = pathOfThing();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  expect(await readVersioned(path, FORMAT)).toEqual({ kind: 'unusable', path, reason });
  expect(await setAside(path)).toBe(`${path}.corrupt`);
  expect(readFileSync(`${path}.corrupt`, 'utf8')).toBe(text);
});

test('cannot use any truncation of a file', async () => {
  const path = pathOfThing();
  await writeVersioned(path, FORMAT, { count: 3 });
  const text = readFileSync(path, 'utf8').trimEnd();
  for (let length = 0; length < text.length; length++) {
    writeFileSync(path, text.slice(0, length));
    expect((await readVersioned(path, FORMAT)).kind).toBe('unusable');
  }
});

test.each([
  ['EISDIR', (path: string) => mkdirSync(path)],
  ['ELOOP', (path: string) => symlinkSync(path, path)],
])(
  'throws IO for a file that cannot be read (%s), and leaves it in its place',
  async (code, spoil) => {
    const path = pathOfThing();
    mkdirSync(dirname(path), { recursive: true });
    spoil(path);
    await expect(readVersioned(path, FORMAT)).rejects.toMatchObject({
      code: 'IO',
      message: `${path} cannot be read (${code})`,
    });
    expect(readdirSync(dirname(path))).toEqual(['thing.json']);
  },
);

test('writes through no link that cannot be followed', async () => {
  const path = pathOfThing();
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(path, path);
  await expect(writeAtomically(path, 'text')).rejects.toMatchObject({ code: 'IO' });
  expect(readlinkSync(path)).toBe(path);
});

test('throws with the path when a file is in the place of the folder', async () => {
  const folder = join(temporaryState().runtime, '..');
  mkdirSync(dirname(folder), { recursive: true });
  writeFileSync(folder, '');
  await expect(
    writeVersioned(join(folder, 'thing.json'), FORMAT, { count: 3 }),
  ).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('thing.json cannot be written: its folder does not exist'),
  });
});

test('writes over the temporary file of a killed process with the same id', async () => {
  const path = pathOfThing();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}.tmp`, 'half of someth');
  await writeVersioned(path, FORMAT, { count: 3 });
  expect(existsSync(`${path}.${process.pid}.tmp`)).toBe(false);
});

test('keeps the mode of a replaced file', async () => {
  const path = pathOfThing();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  chmodSync(path, 0o640);
  await writeAtomically(path, 'text');
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test('returns no new name when a file cannot be set aside', async () => {
  expect(await setAside(pathOfThing())).toBeUndefined();
});
