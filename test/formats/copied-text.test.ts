import { describe, expect, test } from 'vitest';
import { formatOf } from '../../src/formats/formats.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';

/** The issues of a text, as the format that recognises it reports them. */
async function issues(...lines: string[]) {
  const text = lines.join('\n');
  const format = formatOf(text, 'rules');
  expect(format.name).toBe('save');
  return (await format.parse(text, 'rules')).issues.map(({ position, message, hint }) => ({
    at: `${position.line}:${position.column}`,
    message,
    hint,
  }));
}

describe('text that was copied with more than the commands', () => {
  test.each([
    ['\u2013', 'an en dash', 'not "-"', String.raw`sed -i 's/\xe2\x80\x93/-/g' FILE`],
    ['\u2212', 'a minus sign', 'not "-"', String.raw`sed -i 's/\xe2\x88\x92/-/g' FILE`],
    ['\u2011', 'a no-break hyphen', 'not "-"', String.raw`sed -i 's/\xe2\x80\x91/-/g' FILE`],
  ])('is named: %s for a hyphen', async (dash, name, not, fix) => {
    expect(
      await issues(
        `${dash}A ${dash}t 192.0.2.1:80 ${dash}s rr`,
        `ipvsadm ${dash}a ${dash}t 192.0.2.1:80 ${dash}r 10.0.0.1:80`,
      ),
    ).toEqual([
      {
        at: '1:1',
        message: `"${dash}" is ${name}, ${not}, on 2 lines`,
        hint: `it comes from a web page; replace it: ${fix}`,
      },
    ]);
  });

  test('is named once for each kind, beside the other problems of the lines', async () => {
    expect(
      await issues(
        '-A -t \u201c192.0.2.1:80\u201d -s\u00a0rr',
        '-a -t 192.0.2.1:80 -r 10.0.0.1:80 \u2013w many',
        '-A -t 192.0.2.1\uff1a81\u200b',
      ),
    ).toEqual([
      { at: '2:38', message: 'illegal weight specified', hint: undefined },
      {
        at: '1:7',
        message: '"\u201c" is a typographic quote, not \'"\'',
        hint: expect.stringContaining(String.raw`s/\xe2\x80\x9c/"/g`),
      },
      { at: '2:35', message: expect.stringContaining('an en dash'), hint: expect.anything() },
      { at: '3:16', message: expect.stringContaining('a wide colon'), hint: expect.anything() },
    ]);
  });

  test('is no problem in a comment', () => {
    expect(
      parseScript('# shop \u2013 \u201cedge\u201d\n-A -f 7 # \u2026\u00a0\u2013', 'a').issues,
    ).toEqual([]);
  });
});

test('a dash from a web page is named in a call of a shell script, too', async () => {
  const text = '#!/bin/sh\nX=7\nipvsadm \u2013A \u2013f $X\n';
  expect((await formatOf(text, 'a').parse(text, 'a')).issues).toMatchObject([
    { position: { line: 3 }, message: '"\u2013" is an en dash, not "-"' },
  ]);
});

describe('a save file without a service', () => {
  const hint = (text: string) => parseScript(text, 'ipvsadm.rules').issues[0]?.hint;

  test('of comments only tells how to fill it', () => {
    expect(hint('# ipvsadm.rules\n')).toBe(
      'it has no lines but comments: `ipvsadm -Sn` writes the table, and a line `-C` clears it',
    );
  });

  test('whose commands are behind a prompt that begins a comment names the first', () => {
    expect(hint('# rules\n# ipvsadm -A -f 7\n')).toBe(
      'line 2 is a comment: remove its "#" if that is the prompt of a shell',
    );
  });

  test('with other lines tells how to ask for no services', () => {
    expect(hint('--set 1 2 3\n')).toBe('write a line `-C` when there must be no services');
  });
});

test.each(['-D -f 7', '-d -f 7 -r 10.0.0.1', '-E -f 7 -s rr', '-e -f 7 -r 10.0.0.1'])(
  'a line that changes an entry of another table tells how to save that one: %s',
  (line) => {
    expect(parseScript(line, 'delta').issues).toMatchObject([
      {
        code: 'IPVSADM_LINE',
        hint: 'the file changes a table that it does not describe: where it has run, `ipvsadm -Sn` saves the whole table',
      },
    ]);
  },
);
