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

/** Escapes each unit of UTF-16: a character above U+FFFF has two. */
function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}
