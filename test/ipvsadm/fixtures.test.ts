import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';

/** Recorded from `ipvsadm -S -n` 1.31 on Linux 6.1. */
function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.save`, import.meta.url), 'utf8');
}

function lines(text: string): string[] {
  return text.trimEnd().split('\n').sort();
}

test.each(['rich', 'forty-services'])(
  'the file "%s" that ipvsadm saved is read and written again line for line',
  (name) => {
    const { desired, issues } = parseScript(fixture(name), name);
    expect(issues).toEqual([]);
    expect(desired && lines(formatSave(desired))).toEqual(lines(fixture(name)));
  },
);

test('marks that ipvsadm saved as negative numbers are read, and written unsigned', () => {
  const { desired, issues } = parseScript(fixture('signed-marks'), 'signed-marks');
  expect(issues).toEqual([]);
  expect(desired && formatSave(desired)).toBe(
    [
      '-A -t 10.0.0.1:80 -s wlc',
      '-a -t 10.0.0.1:80 -r 10.0.0.9:80 -m -w 1',
      '-a -t 10.0.0.1:80 -r 192.168.0.9:80 -m -w 1',
      '-A -t 192.168.0.1:80 -s wlc',
      '-A -f 3000000000 -s rr -b flag-2',
      '-a -f 3000000000 -r 10.0.0.2:0 -g -w 1',
      '-A -f 4294967295 -6 -s sh',
      '',
    ].join('\n'),
  );
});

test('the file that ipvsadm saved from an empty table does not describe an empty table', () => {
  expect(parseScript(fixture('empty'), 'empty').issues).toMatchObject([{ code: 'EMPTY' }]);
});
