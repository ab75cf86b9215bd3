import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document } from 'yaml';
import { formatCanonical } from '../../src/config/canonical/canonical.ts';
import { NO_LAYOUT } from '../../src/config/layout.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { formatConfigJson } from '../../src/config/write/json.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { hasErrors } from '../../src/model/issue.ts';
import { alikeTables } from '../support/alike-tables.ts';
import { configs } from '../support/arbitrary-config.ts';
import { layoutArbitrary } from '../support/arbitrary-layout.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

/** Valid configurations as other people write them: in other orders, indents and quotes. */
const written: fc.Arbitrary<string> = fc
  .record({
    config: configs,
    isReversed: fc.boolean(),
    indent: fc.constantFrom(1, 2, 4),
    indentSeq: fc.boolean(),
    collectionStyle: fc.constantFrom('any' as const, 'block' as const, 'flow' as const),
    defaultStringType: fc.constantFrom(
      'PLAIN' as const,
      'QUOTE_SINGLE' as const,
      'QUOTE_DOUBLE' as const,
    ),
    lineWidth: fc.constantFrom(20, 80, 0),
  })
  .map(({ config, isReversed, ...style }) => {
    const pairs = Object.entries(config).filter(([, value]) => value !== undefined);
    const value = Object.fromEntries(isReversed ? pairs.reverse() : pairs);
    return new Document(value).toString(style);
  })
  .filter((text) => !hasErrors(parseConfig(text, 'a').issues));

/** A comment at a line of a text: at its end, or above it, with some indentation. */
interface Placed {
  readonly line: number;
  readonly column: number;
  readonly isBeside: boolean;
  readonly hasBlank: boolean;
}

const placed: fc.Arbitrary<Placed> = fc.record({
  line: fc.nat(60),
  column: fc.constantFrom(0, 1, 2, 4, 6, 8, 13),
  isBeside: fc.boolean(),
  hasBlank: fc.boolean(),
});

/** Adds comments with numbers. A comment that changes what the text says is left out. */
function withComments(text: string, places: readonly Placed[]): string {
  const { desired } = parseConfig(text, 'a');
  let result = text;
  for (const [index, { line, column, isBeside, hasBlank }] of places.entries()) {
    const lines = result.trimEnd().split('\n');
    const at = line % (lines.length + 1);
    const comment = `#c${index}`;
    if (isBeside && at < lines.length) lines[at] = `${lines[at]} ${comment}`;
    else lines.splice(at, 0, ...(hasBlank ? [''] : []), ' '.repeat(column) + comment);
    const next = `${lines.join('\n')}\n`;
    const { desired: same } = parseConfig(next, 'a');
    if (isDeepStrictEqual(same?.services, desired?.services)) result = next;
  }
  return result;
}

const commented = fc
  .tuple(written, fc.array(placed, { maxLength: 8 }))
  .map(([text, places]) => withComments(text, places));

const numbersIn = (text: string): string[] => (text.match(/#c\d+/g) ?? []).sort();

function keepsAll(change: (text: string) => string = (text) => text) {
  return fc.property(commented, (text) => {
    const formatted = change(formatCanonical(text));
    const [before, after] = [parseConfig(text, 'a').desired, parseConfig(formatted, 'a').desired];
    expect(after?.services).toEqual(before?.services);
    expect(after?.policy).toEqual(before?.policy);
    expect(after?.names).toEqual(before?.names);
    expect(numbersIn(formatted)).toEqual(numbersIn(text));
    expect(formatCanonical(formatted)).toBe(formatted);
  });
}

describe('the canonical form', () => {
  it('has the same desired state and every comment once, and is its own canonical form', () =>
    holds(keepsAll(), 100));

  it.each([
    ['loses a comment', /#c\d+/, ''],
    ['loses a weight', /,? *weight: \d/, ''],
    ['is indented in another way', /^ {2}/m, '   '],
    ['has two blank lines', /\n\n/, '\n\n\n'],
  ])('is found out when it %s', (_, found, replacement) =>
    isBrokenBy(keepsAll((text) => text.replace(found, replacement))),
  );

  it('of what import writes is the same text', () =>
    holds(
      fc.property(
        alikeTables.chain((table) => fc.tuple(fc.constant(table), layoutArbitrary(table))),
        ([table, own]) => {
          for (const layout of [NO_LAYOUT, own]) {
            const text = formatConfig(table, { layout });
            // A mask in quotes and long lines of shared values are written in another way.
            fc.pre(!/netmask: "|^\S.{100}/m.test(text));
            expect(formatCanonical(text)).toBe(text);
          }
        },
      ),
      100,
    ));

  it('of what export writes as JSON is the same text', () =>
    holds(
      fc.property(alikeTables, (table) => {
        const text = formatConfigJson(table);
        expect(formatCanonical(text)).toBe(text);
      }),
      50,
    ));
});
