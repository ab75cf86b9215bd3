/** A word of a text, with its offset. */
export interface RawWord {
  readonly text: string;
  readonly at: number;
}

/**
 * Splits a text into words. Double quotes make one word of blanks, and end the word before them;
 * single quotes are ordinary characters. A quote that is never closed takes the rest.
 */
export function splitWords(text: string): readonly RawWord[] {
  return Array.from(text.matchAll(/"([^"]*)"?|[^\s"]+/g), (match) => ({
    text: match[1] ?? match[0],
    at: match.index,
  }));
}

/** A reference to a definition, such as `${NAME}`. */
const REFERENCE = /\$\{[A-Za-z_]\w*[ \d]*\}/y;

/**
 * Returns the offset of the first brace that opens or closes a block; -1 when there is none. The
 * braces of quoted text and of `${NAME}` belong to their words.
 */
export function findBrace(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '}') return at;
    if (character === '"') {
      const close = text.indexOf('"', at + 1);
      if (close === -1) return -1;
      at = close;
    } else if (character === '$') {
      REFERENCE.lastIndex = at;
      const [reference] = REFERENCE.exec(text) ?? [];
      if (reference !== undefined) at += reference.length - 1;
    }
  }
  return -1;
}
