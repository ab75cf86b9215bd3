import fc from 'fast-check';

// Texts that are YAML, or nearly: mappings and lists in every style, with comments and anchors in
// odd places. Edits make valid texts wrong in one place.

/** Characters and words that mean something to YAML, for changes in odd places. */
export const TOKENS = [
  ...['{', '}', '[', ']', ':', ': ', ',', ', ', '- ', '\n', '\n  ', ' ', '"', "'", '#', ' #'],
  ...['&a ', '*a', '<<: ', '!', '|', '>', '%', '?', '\t', '~', '0', '010', '-1'],
];

/** Scalars as they are written. Some are numbers, some are special to YAML, some are wrong. */
const scalars = [
  ...['80', '010', '0', '-0', '-1', '+1', '0x50', '0o17', '1e3', '.5', '1.', '1.5', '1_000', '0b1'],
  ...['+.5', '+.5e3', '+.inf', '+.INF', '+.nan', '-.5', '+a', '1.e5'],
  ...['9007199254740993', '.inf', '-.Inf', '.nan', '12:30', '1-2', '10.0.0.1', '-x', '--', '--- a'],
  ...['null', 'Null', 'NULL', 'nULL', '~', '~x', 'true', 'True', 'TRUE', 'tRUE', 'False', 'yes'],
  ...[
    'a',
    'a b',
    'a  b',
    'a:b',
    'a: b',
    'a:',
    'a#b',
    'a #b',
    'a, b',
    'a,b',
    'a[0]',
    'a]',
    '{a',
    'é',
  ],
  ...['10.0.0.1:80', 'tcp://192.0.2.1:80', '[2001:db8::1]:80', 'fwmark:1', '<<', '*a', '*b', '&a'],
  ...['""', "''", '"80"', "'80'", '"a: b"', "'it''s'", '"it\'s"', '"\\n"', '"\\"', '"a\n  b"'],
  ...[
    '"#"',
    '"a"b',
    '"a" ',
    "'a'#b",
    '"é🙂"',
    "'''",
    '"',
    "'a\n b'",
    'a\n   b',
    '|\n   a',
    '>-\n  a',
  ],
  ...['!t a', '!', '&a b', '&b "x"', '&a', '@a', '`a`', '%a', '? a', '- a', '-', '...', '---', '#'],
  ...[
    'a\tb',
    '\ta',
    '"a\tb"',
    '🙂',
    '__proto__',
    'constructor',
    '_',
    '/a',
    '$a',
    '(a)',
    '^a',
    '=',
    '.',
  ],
];

const keys = fc.constantFrom(
  ...['a', 'b', 'c', 'a b', '1', '01', 'null', 'true', '~', '-a', '-', '?', '<<', '<<a', '"<<"'],
  ...[
    '"a"',
    "'b'",
    '"a b"',
    '""',
    '"',
    "'",
    '&a a',
    '*a',
    '!t a',
    '[a]',
    '{a: b}',
    'a:b',
    'a#',
    '#',
  ],
  ...['__proto__', 'toString', 'é', '10.0.0.1:80', 'k'.repeat(300), 'k'.repeat(1100), '...', '%a'],
);

/** A value, and the style that it is written in. */
type Tree =
  | { readonly scalar: string }
  | { readonly entries: readonly (readonly [string, Tree])[]; readonly style: Style }
  | { readonly items: readonly Tree[]; readonly style: Style };

interface Style {
  readonly isFlow: boolean;
  readonly indent: number;
  /** The text before the value, such as an anchor. */
  readonly before: string;
  /** The text between an entry and the next one. */
  readonly gap: string;
  /** The text behind a colon, a dash or a bracket. */
  readonly space: string;
}

const style: fc.Arbitrary<Style> = fc.record({
  isFlow: fc.boolean(),
  indent: fc.constantFrom(0, 1, 2, 2, 2, 4),
  before: often('', '&a ', '&b ', '&a\n', '!t ', '# c\n', '\n', '&a &b '),
  gap: often(
    '',
    '\n',
    ' # c\n',
    '# c\n',
    '   # c',
    '#c',
    ' ',
    '\t',
    '\r',
    ' \t# c',
    '\n\n#\n',
    '    #',
  ),
  space: often(' ', '  ', '', '\n', '\t', ' # c\n  ', '\n  # c\n    ', '\n\n   '),
});

/** Mostly the usual text: a document then has few places that are not usual. */
function often(usual: string, ...others: string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const usualScalar = fc.constantFrom(
  '80',
  'a',
  'tcp://192.0.2.1:80',
  '"10.0.0.1:80"',
  "'x'",
  'true',
);
const usualKey = fc.constantFrom('address', 'weight', 'nodes', 'pool', 'drain', 'a', '"b"');

const { tree } = fc.letrec<{ tree: Tree; leaf: Tree }>((tie) => ({
  leaf: fc
    .oneof(
      { weight: 5, arbitrary: usualScalar },
      { weight: 2, arbitrary: fc.constantFrom(...scalars) },
    )
    .map((scalar) => ({ scalar })),
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.record({
      entries: fc.array(
        fc.tuple(
          fc.oneof({ weight: 8, arbitrary: usualKey }, { weight: 1, arbitrary: keys }),
          tie('tree'),
        ),
        { maxLength: 4 },
      ),
      style,
    }),
    fc.record({ items: fc.array(tie('tree'), { maxLength: 4 }), style }),
  ),
}));

/** Writes a value for a place behind a colon or dash whose line is indented by `column`. */
function write(value: Tree, column: number, inFlow: boolean): string {
  if ('scalar' in value) return value.scalar;
  const { isFlow, indent, before, gap, space } = value.style;
  const parts = 'items' in value ? value.items : value.entries;
  if (inFlow || isFlow || parts.length === 0) {
    const texts = parts.map((part) =>
      'length' in part
        ? `${part[0]}:${space}${write(part[1], column, true)}`
        : write(part, column, true),
    );
    const content = texts.join(`${gap.trim() === '' ? gap : ''},${space}`);
    return before + ('items' in value ? `[${space}${content}]` : `{${space}${content}${gap}}`);
  }
  const lines = parts.map((part) => {
    const [key, child] = 'length' in part ? [`${part[0]}:`, part[1]] : ['-', part];
    return `${key}${space}${write(child, column + indent, false)}${gap}`;
  });
  const start = `\n${' '.repeat(column + indent)}`;
  return before + (space === '  ' ? lines.join(start) : start + lines.join(start));
}

/** Texts that are mostly YAML. */
export const yamlTexts: fc.Arbitrary<string> = fc
  .tuple(
    often('', '---\n', '--- # c\n', '# c\n', '\n\n', '%YAML 1.2\n---\n', '--- '),
    tree,
    often('\n', '', '\n...\n', '\n---\n', '\n# c'),
  )
  .map(([head, value, tail]) => head + write(value, 0, false).replace(/^\n/, '') + tail);

/** An edit of a text: its place, how much it removes, and what it adds. */
export interface Edit {
  readonly at: number;
  readonly removed: number;
  readonly added: string;
}

export const edits: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  removed: fc.nat({ max: 3 }),
  added: fc.oneof(
    fc.constantFrom('', '  ', '\r\n', '? ', '-', '\\', '@', '...', ...TOKENS),
    fc.constantFrom(...scalars),
  ),
});

export function edited(text: string, { at, removed, added }: Edit): string {
  const start = at % (text.length + 1);
  return text.slice(0, start) + added + text.slice(start + removed);
}
