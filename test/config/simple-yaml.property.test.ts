import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document } from 'yaml';
import type { Path } from '../../src/config/finding.ts';
import { tooDeepAt } from '../../src/config/read/depth.ts';
import type { ConfigDocument } from '../../src/config/read/document.ts';
import { preScan } from '../../src/config/read/pre-scan.ts';
import { readSimpleYaml } from '../../src/config/read/simple-yaml/read.ts';
import { readYaml } from '../../src/config/read/yaml-document.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { configs } from '../support/arbitrary-config.ts';
import { tableArbitrary } from '../support/arbitrary-table.ts';
import { edited, edits, yamlTexts } from '../support/arbitrary-yaml.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The configurations in the examples and in the manual, and the other YAML there. */
function corpus(): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const file of readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }))
    if (/\.ya?ml$/.test(file)) texts.set(file, readFileSync(join(root, 'examples', file), 'utf8'));
  const manual = join(root, 'src/manual');
  for (const page of readdirSync(manual).filter((name) => name.endsWith('.md'))) {
    const blocks = readFileSync(join(manual, page), 'utf8').matchAll(/```yaml\n(.*?)```/gs);
    for (const [index, [, text = '']] of [...blocks].entries()) texts.set(`${page} ${index}`, text);
  }
  return texts;
}

const isConfiguration = ([, text]: readonly [string, string]) => /^version: 1$/m.test(text);

/** Configurations as the library writes them, in its styles. */
const written = fc
  .record({
    config: configs,
    indent: fc.constantFrom(1, 2, 4),
    indentSeq: fc.boolean(),
    collectionStyle: fc.constantFrom('any' as const, 'block' as const, 'flow' as const),
    defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_SINGLE' as const),
    lineWidth: fc.constantFrom(20, 80, 0),
  })
  .map(({ config, ...style }) => new Document(JSON.parse(JSON.stringify(config))).toString(style));

const texts = fc
  .tuple(
    fc.oneof(yamlTexts, written, fc.constantFrom(...corpus().values())),
    fc.array(edits, { maxLength: 2 }),
  )
  .map(([text, changes]) => changes.reduce(edited, text));

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (value === null || typeof value !== 'object' || path.length > 8) return [path];
  const steps = Array.isArray(value) ? [...value.keys(), 7] : [...Object.keys(value), 'absent'];
  const member = (step: string | number) => (value as Record<string | number, unknown>)[step];
  return [path, ...steps.flatMap((step) => pathsIn(member(step), [...path, step]))];
}

/** All that a document tells of its text: the value in the order of its keys, and the offsets. */
function contentOf({ value, findings, offsetOf, itemOffsets }: ConfigDocument) {
  const paths = pathsIn(value);
  const at = (path: Path) =>
    path.reduce<unknown>((node, step) => (node as Record<string, unknown> | null)?.[step], value);
  const lists = paths.map(at).filter((node) => Array.isArray(node));
  return {
    findings,
    text: JSON.stringify(value),
    value,
    items: lists.map((list) => Array.from(itemOffsets(list)() ?? [])),
    values: paths.map((path) => offsetOf({ path, at: 'value' })),
    keys: paths.map((path) => offsetOf({ path, at: 'key' })),
  };
}

/** The full parser reads the same from each text that the simple reader takes. */
function readsTheSame(read = readSimpleYaml) {
  return fc.property(texts, (text) => {
    if (preScan(text, true).length > 0 || tooDeepAt(text) !== undefined) return;
    const simple = read(text);
    if (simple) expect(contentOf(simple)).toEqual(contentOf(readYaml(text)));
  });
}

describe('readSimpleYaml', () => {
  it('reads the values and places of the full parser, and nothing with a mistake', async () => {
    await holds(readsTheSame(), 500);
  });

  it.each([
    ['takes quotes for blanks', (text: string) => text.replaceAll('"', ' ')],
    ['is one character off', (text: string) => ` ${text}`.replace(/^ (?=-|\w)/, '\n')],
    ['leaves the last line out', (text: string) => text.replace(/[^\n]+\n?$/, '')],
    ['joins lines', (text: string) => text.replace(/\n +(?=\w+\n)/, ' ')],
  ])('is told from the full parser when it %s', async (_, change) => {
    await isBrokenBy(readsTheSame((text) => readSimpleYaml(change(text))));
  });

  it('reads every table that is exported, so that a large one never takes the long way', async () => {
    await holds(
      fc.property(tableArbitrary, (table) => {
        expect(readSimpleYaml(formatConfig(table))).toBeDefined();
      }),
      100,
    );
  });

  it.each([...corpus()].filter(isConfiguration))(
    'reads %s of the examples and the manual',
    (_, text) => {
      const simple = readSimpleYaml(text);
      expect(simple && contentOf(simple)).toEqual(contentOf(readYaml(text)));
    },
  );

  it.each([
    ['a text over several lines', 'a: b\n  c\n'],
    ['a block scalar', 'a: |\n  b\n'],
    ['an escape', 'a: "\\n"\n'],
    ['a number that is spelled in an unusual way', 'a: 010\n'],
    ['a tag', 'a: !t b\n'],
    ['a duplicate key', 'a: 1\na: 2\n'],
    ['an alias in an anchored value', 'a: &a b\nc: &c [*a]\n'],
    ['a second document', 'a: 1\n---\nb: 2\n'],
    ['a key that every object has', 'toString: 1\n'],
    ['windows line ends', 'a: 1\r\n'],
    ['no content', '# nothing\n'],
  ])('leaves %s to the full parser', (_, text) => {
    expect(readSimpleYaml(text)).toBeUndefined();
  });

  it.each([
    [
      'is moved to another value later',
      'x: &a { k: 1 }\nm:\n  <<: *a\n  n: &a b\n',
      { k: 1, n: 'b' },
    ],
    ['is in the merge key itself', 'm:\n  <<: &a { k: 1 }\n  n: *a\n', { k: 1, n: { k: 1 } }],
  ])('merges the mapping of an anchor that %s, as the full parser does', (_, text, m) => {
    for (const document of [readSimpleYaml(text), readYaml(text)]) {
      expect(document?.findings).toEqual([]);
      expect(document?.value).toMatchObject({ m });
    }
  });

  it('takes aliases up to the limit, and leaves more of them to the full parser', () => {
    const aliases = (count: number) => `a: &a b\nc:\n${'  - *a\n'.repeat(count)}`;
    expect(readSimpleYaml(aliases(100))).toBeDefined();
    expect(readSimpleYaml(aliases(101))).toBeUndefined();
    expect(readYaml(aliases(100)).findings).toEqual([]);
  });
});
