/** A part of the text, and its offset. */
export interface Part {
  readonly text: string;
  readonly at: number;
}

/** One line of the text. `comment` is without its mark. */
export type Line =
  | { readonly kind: 'empty' }
  | { readonly kind: 'comment'; readonly comment: string }
  | {
      readonly kind: 'statement';
      readonly key: Part;
      readonly value: Part;
      readonly comment: string | undefined;
      /** True for a line that belongs to the virtual service above it. */
      readonly isInside: boolean;
      /** True when blanks are before the key, but too few for ldirectord. */
      readonly isHalfInside: boolean;
    }
  /** A line that is no statement. */
  | { readonly kind: 'other'; readonly part: Part };

export type Statement = Extract<Line, { kind: 'statement' }>;

/** The statements outside of the virtual services, by keyword. The last one counts. */
export type Globals = ReadonlyMap<string, Statement>;

/** The number of blanks before a line of a virtual service. A tab counts for so many. */
const INDENT = 4;

/** Splits a text into its lines. A comment begins at any `#`, also between quotes. */
export function* splitLines(text: string): Generator<Line, undefined> {
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    yield lineOf(text.slice(start, end), start);
    start = end + 1;
  }
}

function lineOf(line: string, start: number): Line {
  const hash = line.indexOf('#');
  const content = hash === -1 ? line : line.slice(0, hash);
  const comment = hash === -1 ? undefined : line.slice(hash + 1).trim();
  const first = content.search(/\S/);
  if (first === -1) return comment === undefined ? { kind: 'empty' } : { kind: 'comment', comment };
  const [, indent = '', key = '', gap = '', value = ''] =
    /^(\s*)([A-Za-z]\w*)(\s*=\s*)(.*)$/s.exec(content) ?? [];
  if (key === '') return { kind: 'other', part: { text: content.trim(), at: start + first } };
  const width = indent.replaceAll('\t', ' '.repeat(INDENT)).length;
  return {
    kind: 'statement',
    key: { text: key, at: start + first },
    value: { text: value.trim(), at: start + first + key.length + gap.length },
    comment,
    isInside: width >= INDENT,
    isHalfInside: width > 0 && width < INDENT,
  };
}
