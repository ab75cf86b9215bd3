/**
 * Characters that change how a text around them is shown, or that are not seen: controls, text
 * direction, zero width, separators of lines and lone surrogates. Variation selectors, which are
 * part of many emoji, are none of them.
 */
const INVISIBLE =
  /(?![\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const ALL_INVISIBLE = new RegExp(INVISIBLE, 'gu');

/** Tells whether a text has characters that `printable` escapes. */
export function hasInvisible(text: string): boolean {
  return INVISIBLE.test(text);
}

/**
 * Makes a text from outside safe to show in one line. Characters that are not seen become escapes
 * such as `\u001b`, as JSON and YAML have them in quotes.
 */
export function printable(text: string): string {
  return text.replace(ALL_INVISIBLE, escapeUnits);
}

/** Makes a text of several lines safe to show: the line breaks stay. */
export function printableLines(text: string): string {
  // Almost every text is ASCII, which this test finds out ten times faster.
  if (!/[^\n -~]/.test(text)) return text;
  return text.split('\n').map(printable).join('\n');
}

/** Longest word of a command line that a message repeats, in characters. */
const MAX_ECHOED = 200;

/**
 * Makes a message safe that repeats words of a command line. A line break in a word becomes an
 * escape, so that it cannot begin a line that looks like one of ours. A long word is cut.
 */
export function printableEcho(message: string, argv: readonly string[]): string {
  const risky = argv
    .flatMap((word) => [word, /^--[^=]+=(.*)$/s.exec(word)?.[1] ?? word.replace(/^-\w/, '')])
    .filter((word) => word.includes('\n') || word.length > MAX_ECHOED)
    .sort((a, b) => b.length - a.length);
  return risky.reduce((text, word) => text.replaceAll(word, () => cutEcho(word)), message);
}

function cutEcho(word: string): string {
  const start = [...word.slice(0, 2 * MAX_ECHOED)].slice(0, MAX_ECHOED).join('');
  return printable(start) + (start.length < word.length ? '…' : '');
}

/** Escapes each unit of UTF-16: a character above U+FFFF has two. */
function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}
