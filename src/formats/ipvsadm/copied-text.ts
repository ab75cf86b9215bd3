import {
  describeTypographic,
  findTypographic,
  type Typographic,
  withoutTypography,
} from '../typography.ts';
import type { Reporter } from './script-issues.ts';
import type { ScriptLine } from './script-words.ts';

/** A character of a web page, and its offset in a text for ipvsadm. */
export interface CopiedCharacter {
  readonly found: Typographic;
  readonly at: number;
}

/** Keeps the first character of a line that is not typed. Returns the line as it would be typed. */
export function takeCopied(copied: CopiedCharacter[], line: ScriptLine): ScriptLine {
  const odd = line.words.find((word) => findTypographic(word.text));
  const found = odd && findTypographic(odd.text);
  if (!found) return line;
  copied.push({ found, at: odd.at + found.index });
  const words = line.words.flatMap(({ text, at }) =>
    withoutTypography(text)
      .replace(/["']/g, '')
      .split(' ')
      .filter((part) => part !== '')
      .map((part) => ({ text: part, at })),
  );
  return { ...line, words };
}

/** Reports each kind of character once, with the command that replaces it. */
export function reportCopied(copied: readonly CopiedCharacter[], { report }: Reporter): void {
  for (const name of new Set(copied.map(({ found }) => found.name))) {
    const places = copied.filter(({ found }) => found.name === name);
    const [first] = places;
    if (!first) continue;
    const { message, hint } = describeTypographic(first.found);
    const lines = places.length === 1 ? '' : `, on ${places.length} lines`;
    report('IPVSADM_LINE', `${message}${lines}`, first.at, { hint });
  }
}
