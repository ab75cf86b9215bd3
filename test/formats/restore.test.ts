import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NUMERIC_ONLY } from '../../src/formats/ipvsadm/grammar/names.ts';
import { parseRestore, textChunks } from '../../src/formats/ipvsadm/restore.ts';
import { holds } from '../support/properties.ts';

test('the pieces of whole lines of a text, joined by newlines, are the text', () =>
  holds(
    fc.property(
      fc.array(fc.string({ unit: 'binary', maxLength: 40_000 }), { maxLength: 12 }),
      (lines) => {
        const bytes = Buffer.from(lines.join('\n'));
        expect(Array.from(textChunks(bytes)).join('\n')).toBe(bytes.toString('utf8'));
      },
    ),
    30,
  ));

test('a long text has several pieces, and its lines keep their numbers', () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, index) => `-a -f 7 -r 10.0.${index >> 8}.${index & 255}`,
  );
  expect(Array.from(textChunks(Buffer.from(lines.join('\n')))).length).toBeGreaterThan(3);
  expect(
    Array.from(
      parseRestore(Buffer.from(lines.join('\n')), { programName: 'ipvsadm', names: NUMERIC_ONLY }),
      ({ line }) => line,
    ),
  ).toEqual(lines.map((_, index) => index + 1));
});
