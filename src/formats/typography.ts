interface Character {
  readonly name: string;
  /** The character of a keyboard that is meant. */
  readonly means: string;
}

const DASHES = ['a hyphen', 'a no-break hyphen', 'a figure dash', 'an en dash', 'an em dash'];

/** Characters that web pages and word processors put in the place of those of a keyboard. */
const CHARACTERS: ReadonlyMap<string, Character> = new Map(
  [
    ...DASHES.map((name, index) => [String.fromCharCode(0x2010 + index), name, '-'] as const),
    ['\u2212', 'a minus sign', '-'] as const,
    ['\uff0d', 'a wide hyphen', '-'] as const,
    ['\uff1a', 'a wide colon', ':'] as const,
    ...['\u2018', '\u2019', '\u201a'].map((each) => [each, 'a typographic quote', "'"] as const),
    ...['\u201c', '\u201d', '\u201e'].map((each) => [each, 'a typographic quote', '"'] as const),
    ...['\u00a0', '\u2007', '\u202f'].map((each) => [each, 'a no-break space', ' '] as const),
    ['\u3000', 'a wide space', ' '] as const,
    ...['\u200b', '\u2060', '\ufeff'].map((each) => [each, 'a space without width', ''] as const),
  ].map(([character, name, means]) => [character, { name, means }]),
);

const ANY = new RegExp(`[${[...CHARACTERS.keys()].join('')}]`);

/** A character of a text that is not the one of a keyboard. */
export interface Typographic extends Character {
  readonly character: string;
  readonly index: number;
}

/** The first character of a text that is not the one of a keyboard. */
export function findTypographic(text: string): Typographic | undefined {
  const found = ANY.exec(text);
  const known = found && CHARACTERS.get(found[0]);
  return known ? { ...known, character: found[0], index: found.index } : undefined;
}

/** The text as it would be typed. */
export function withoutTypography(text: string): string {
  return text.replace(new RegExp(ANY, 'g'), (character) => CHARACTERS.get(character)?.means ?? '');
}

/** The words of a message about a character, with the command that replaces it in a file. */
export function describeTypographic({ character, name, means }: Typographic): {
  readonly message: string;
  readonly hint: string;
} {
  const wanted = means.trim() === '' ? '' : `, not ${means === '"' ? `'"'` : `"${means}"`}`;
  const bytes = Array.from(
    new TextEncoder().encode(character),
    (byte) => `\\x${byte.toString(16)}`,
  );
  const typed = means === "'" ? "'\\''" : means;
  return {
    message: `"${character}" is ${name}${wanted}`,
    hint: `it comes from a web page; replace it: sed -i 's/${bytes.join('')}/${typed}/g' FILE`,
  };
}
