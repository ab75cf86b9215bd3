/** A line that stands for several: `~SEQ(...)` and `~LST(...)`. */
interface Sequence {
  /** The number of its lines. */
  readonly length: number;
  /** The definitions of each line, by name. */
  readonly values: () => Iterable<ReadonlyMap<string, string>>;
  /** The line. */
  readonly text: string;
}

export function isSequence(text: string): boolean {
  return text.startsWith('~SEQ') || text.startsWith('~LST');
}

/**
 * Reads a sequence; undefined when it is not well-formed.
 * @param replace replaces the definitions of the arguments of `~SEQ`
 */
export function parseSequence(
  text: string,
  replace: (text: string) => string,
): Sequence | undefined {
  return text.startsWith('~SEQ') ? parseNumbers(text, replace) : parseList(text);
}

/** Reads `~SEQ(NAME, START, STEP, END)`; without START it is 1, and STEP is 1 or -1. */
function parseNumbers(text: string, replace: (text: string) => string): Sequence | undefined {
  const match = /^~SEQ(x?)[ \t]*\([ \t]*([^ \t,)]+)[ \t]*,([^)]*)\)[ \t]*(.*)$/.exec(text);
  if (!match) return undefined;
  const [, hexadecimal, name = '', written = '', line = ''] = match;
  const numbers = replace(written).split(',').map(parseInteger);
  const [a, b, c] = numbers;
  if (a === undefined || numbers.length > 3 || numbers.includes(undefined)) return undefined;
  const end = c ?? b ?? a;
  const start = b === undefined ? (end < 0 ? -1 : 1) : a;
  const step =
    c !== undefined ? (b ?? 0) : b === undefined ? (end < 1 ? -1 : 1) : start <= end ? 1 : -1;
  if (step === 0 || (start < end && step < 0) || (start > end && step > 0)) return undefined;
  if (hexadecimal !== '' && (start < 0 || end < 0)) return undefined;
  const base = hexadecimal === '' ? 10 : 16;
  const length = Math.floor((end - start) / step) + 1;
  return {
    length,
    values: function* () {
      for (let index = 0; index < length; index++)
        yield new Map([[name, (start + index * step).toString(base)]]);
    },
    text: line,
  };
}

/** A number as C reads it: decimal, `0x` hexadecimal, or octal after a leading zero. */
function parseInteger(text: string): number | undefined {
  const [, sign, digits = ''] =
    /^[ \t]*([+-]?)(0[xX][\da-fA-F]{1,8}|0[0-7]{0,10}|[1-9]\d{0,9})[ \t]*$/.exec(text) ?? [];
  if (digits === '') return undefined;
  const base = /^0[xX]/.test(digits) ? 16 : digits.startsWith('0') ? 8 : 10;
  const value = Number.parseInt(digits, base);
  return sign === '-' ? -value : value;
}

/** Reads `~LST(NAME, A, B)` and `~LST({NAME, OTHER}, {A, B}, {C, D})`. */
function parseList(text: string): Sequence | undefined {
  const open = /^~LST[ \t]*\([ \t]*/.exec(text)?.[0];
  if (open === undefined) return undefined;
  const sets: string[][] = [];
  let at = open.length;
  for (;;) {
    const match = /(?:\{([^{}()]*)\}|([^ \t,{}()]*))[ \t]*([,)])[ \t]*/y;
    match.lastIndex = at;
    const [whole, several, one = '', next] = match.exec(text) ?? [];
    if (whole === undefined) return undefined;
    sets.push(several === undefined ? [one] : several.split(',').map((value) => value.trim()));
    at += whole.length;
    if (next === ')') break;
  }
  const [names = [], ...values] = sets;
  if (names.includes('') || values.length === 0) return undefined;
  if (values.some((set) => set.length > names.length)) return undefined;
  return {
    length: values.length,
    values: () =>
      values.map((set) => new Map(names.map((name, index) => [name, set[index] ?? '']))),
    text: text.slice(at),
  };
}
