import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { MAPPINGS } from '../../src/config/config.ts';
import { suggest } from '../../src/config/suggest.ts';
import { yamlText } from '../../src/config/write/yaml-scalar.ts';
import { formatDuration, parseDuration } from '../../src/model/duration.ts';
import { editDistance } from '../../src/model/nearest.ts';

describe('a duration', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['1h30m', 5400],
    ['2d', 172_800],
    ['1d2h3m4s', 93_784],
  ])('of %s takes %i seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '5', '5w', 's', '1m1h', '1m1m', '-5s', '1.5h', ' 5s', '5 s', '5S'])(
    'cannot be written as "%s"',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it('is read back as it is written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        (seconds) => parseDuration(formatDuration(seconds)) === seconds,
      ),
    );
  });
});

describe('the suggestion', () => {
  it.each([
    ['wieght', 'weight'],
    ['Weight', 'weight'],
    ['forwrad', 'forward'],
    ['upper-threshold', 'upper_threshold'],
    ['lowerthreshold', 'lower_threshold'],
  ])('for %s is %s', (word, meant) => {
    expect(suggest(word, MAPPINGS.destination.keys)).toBe(meant);
  });

  it('for a word without a similar one is undefined', () => {
    for (const word of ['zone', 'x', '', 'constructor', 'w'.repeat(10_000)])
      expect(suggest(word, MAPPINGS.destination.keys)).toBeUndefined();
  });

  it('counts a swap of neighbours as one mistake', () => {
    expect(editDistance('ab', 'ba', 3)).toBe(1);
    expect(editDistance('kitten', 'sitting', 5)).toBe(3);
    expect(editDistance('', 'abc', 5)).toBe(3);
  });
});

describe('a YAML scalar', () => {
  it('is read back as the same text for every text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: 'binary' }),
          fc.constantFrom(
            'no',
            '1',
            '1e3',
            '~',
            'null',
            'a: b',
            'a #b',
            '- a',
            '<<',
            '0x1',
            '1:2',
            '.inf',
            'e0',
            'E-5',
          ),
        ),
        (text) => {
          for (const version of ['1.1', '1.2'] as const) {
            expect(
              parseDocument(`[a: ${yamlText(text)}, ${yamlText(text)}]`, { version }).toJS(),
            ).toEqual([{ a: text }, text]);
          }
        },
      ),
    );
  });
});
