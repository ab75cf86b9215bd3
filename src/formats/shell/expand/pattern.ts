/** One element of a pattern of the shell. */
type Element =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'any' }
  | { readonly kind: 'set'; readonly includes: (character: string) => boolean };

export type Pattern = readonly Element[];

export function literalPattern(text: string): Pattern {
  return Array.from(text, (character) => ({ kind: 'character', character }));
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  digit: /[0-9]/,
  alpha: /[A-Za-z]/,
  alnum: /[0-9A-Za-z]/,
  upper: /[A-Z]/,
  lower: /[a-z]/,
  space: /\s/,
  blank: /[ \t]/,
  punct: /[!-/:-@[-`{-~]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Reads the text of a pattern: `*`, `?`, `[...]`, and `\` before a plain character. */
export function parsePattern(text: string): Pattern {
  const characters = Array.from(text);
  const pattern: Element[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') {
      if (pattern.at(-1)?.kind !== 'any') pattern.push({ kind: 'any' });
    } else if (character === '?') {
      pattern.push({ kind: 'one' });
    } else if (character === '\\' && at + 1 < characters.length) {
      pattern.push({ kind: 'character', character: characters[++at] ?? '' });
    } else {
      const set = character === '[' ? readSet(characters, at) : undefined;
      pattern.push(set?.element ?? { kind: 'character', character });
      at = set?.last ?? at;
    }
  }
  return pattern;
}

function readSet(
  characters: readonly string[],
  start: number,
): { readonly element: Element; readonly last: number } | undefined {
  let at = start + 1;
  const isNegated = characters[at] === '!' || characters[at] === '^';
  if (isNegated) at++;
  const tests: ((character: string) => boolean)[] = [];
  for (let first = at; at < characters.length; at++) {
    const low = characters[at] ?? '';
    if (low === ']' && at > first) {
      const includes = (character: string) => tests.some((test) => test(character)) !== isNegated;
      return { element: { kind: 'set', includes }, last: at };
    }
    const name =
      low === '[' ? /^:([a-z]+):\]/.exec(characters.slice(at + 1, at + 12).join('')) : null;
    const high = characters[at + 2];
    if (name) {
      const expression = CLASSES[name[1] ?? ''];
      if (expression) tests.push((character) => expression.test(character));
      at += name[0].length;
    } else if (characters[at + 1] === '-' && high !== undefined && high !== ']') {
      tests.push((character) => character >= low && character <= high);
      at += 2;
    } else {
      tests.push((character) => character === low);
    }
  }
  return undefined;
}

/**
 * Tells whether a pattern matches a text as a whole. It goes back only to the last `*`, so that its
 * time is at most the product of both lengths.
 */
export function matches(pattern: Pattern, text: string): boolean {
  const characters = Array.from(text);
  let at = 0;
  let element = 0;
  let star = -1;
  let starAt = 0;
  while (at < characters.length) {
    const next = pattern[element];
    if (next?.kind === 'any') {
      star = element++;
      starAt = at;
    } else if (next && matchesOne(next, characters[at] ?? '')) {
      element++;
      at++;
    } else if (star >= 0) {
      element = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (pattern[element]?.kind === 'any') element++;
  return element === pattern.length;
}

function matchesOne(element: Element, character: string): boolean {
  switch (element.kind) {
    case 'character':
      return element.character === character;
    case 'one':
      return true;
    case 'set':
      return element.includes(character);
    case 'any':
      return false;
    default:
      return element satisfies never;
  }
}

/** Removes the shortest or the longest beginning or end that the pattern matches. */
export function removeMatch(pattern: Pattern, text: string, operator: string): string {
  const isPrefix = operator.startsWith('#');
  const isLongest = operator.length === 2;
  for (let step = 0; step <= text.length; step++) {
    const length = isLongest ? text.length - step : step;
    const part = isPrefix ? text.slice(0, length) : text.slice(text.length - length);
    if (matches(pattern, part))
      return isPrefix ? text.slice(length) : text.slice(0, text.length - length);
  }
  return text;
}

/** Replaces the first longest match, or all, or one at the start (`/#`) or the end (`/%`). */
export function replaceMatches(
  pattern: Pattern,
  text: string,
  replacement: string,
  operator: string,
): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const end = operator === '/#' && at > 0 ? -1 : longestMatch(pattern, text, at, operator);
    if (end <= at) {
      result += text[at++];
      continue;
    }
    result += replacement;
    at = end;
    if (operator !== '//') break;
  }
  return result + text.slice(at);
}

function longestMatch(pattern: Pattern, text: string, at: number, operator: string): number {
  for (let end = text.length; end > at; end--) {
    if (matches(pattern, text.slice(at, end))) return end;
    if (operator === '/%') break;
  }
  return -1;
}
