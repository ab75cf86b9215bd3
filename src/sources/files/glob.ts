import { readdir, stat } from 'node:fs/promises';
import { isAbsent } from '../../errors.ts';

/**
 * Lists the paths that a pattern names, as glob(3) with GLOB_BRACE does: `*`, `?`, `[a-z]` and
 * `{a,b}`. Each alternative is sorted by the bytes of its names. A folder ends in `/`. Names that
 * begin with a dot are found by a pattern that does. Throws when a folder cannot be read.
 */
export async function findByPattern(pattern: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const plain of expandBraces(pattern)) for (const path of await find(plain)) found.push(path);
  return found;
}

/** A pattern with more alternatives than this is a mistake. */
const MOST_ALTERNATIVES = 1000;

/** Writes out `{a,b}`. A brace without its other half, and `{}`, are ordinary characters. */
export function expandBraces(pattern: string): readonly string[] {
  let expanded: readonly string[] = [''];
  let at = 0;
  while (at < pattern.length) {
    const group = pattern[at] === '{' ? alternatives(pattern, at) : undefined;
    const end = group?.end ?? at + (pattern[at] === '\\' ? 2 : 1);
    const parts = group?.parts.flatMap((part) => expandBraces(part)) ?? [pattern.slice(at, end)];
    expanded = expanded.flatMap((before) => parts.map((part) => before + part));
    if (expanded.length > MOST_ALTERNATIVES) return [];
    at = end;
  }
  return expanded;
}

/** The alternatives of the brace at an offset; undefined when there are none. */
function alternatives(
  pattern: string,
  start: number,
): { readonly parts: readonly string[]; readonly end: number } | undefined {
  const parts: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') {
      at++;
      continue;
    }
    if (character === '{') depth++;
    else if (character === '}') depth--;
    if (depth === 0 || (depth === 1 && character === ',')) {
      parts.push(pattern.slice(from, at));
      from = at + 1;
    }
    if (depth === 0) return parts.join('') === '' ? undefined : { parts, end: at + 1 };
  }
  return undefined;
}

async function find(pattern: string): Promise<readonly string[]> {
  let paths = [pattern.startsWith('/') ? '/' : ''];
  const parts = pattern.split('/').filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const next: string[] = [];
    for (const path of paths) {
      for (const name of await namesLike(part, path)) {
        const whole = path + name;
        const kind = await kindOf(whole);
        if (kind === undefined || (!isLast && kind !== 'folder')) continue;
        next.push(kind === 'folder' ? `${whole}/` : whole);
      }
    }
    paths = next;
  }
  return parts.length === 0 ? [] : paths;
}

async function namesLike(part: string, folder: string): Promise<readonly string[]> {
  if (!/[*?[]/.test(part)) return [part.replaceAll(/\\(.)/g, '$1')];
  const names = (await entriesOf(folder === '' ? '.' : folder)).filter(
    (name) => (part.startsWith('.') || !name.startsWith('.')) && isLike(name, part),
  );
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

async function kindOf(path: string): Promise<'folder' | 'file' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (isAbsent(error)) return undefined;
    // The read of the file says why it cannot be read.
    return 'file';
  }
}

/** One character of a name, or any number of them. */
type Token = 'any' | ((character: string) => boolean);

/** Tells whether a name is like a part of a pattern. A set that is not closed is a plain `[`. */
export function isLike(name: string, part: string): boolean {
  const tokens = Array.from(part.matchAll(/\\(.)|\*+|\?|\[([!^]?)(\]?[^\]]*)\]|./gsu), toToken);
  const characters = Array.from(name);
  let token = 0;
  let at = 0;
  /** The last `*`, and the characters from which on its text ends. */
  let star = -1;
  let end = 0;
  while (at < characters.length) {
    const expected = tokens[token];
    if (expected === 'any') {
      star = token++;
      end = at;
    } else if (expected?.(characters[at] ?? '')) {
      token++;
      at++;
    } else if (star !== -1) {
      token = star + 1;
      at = ++end;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every((rest) => rest === 'any');
}

function toToken([token, escaped, negation, set]: RegExpMatchArray): Token {
  if (set !== undefined) {
    const isInside = toSet(set);
    return (character) => isInside(character) !== (negation !== '');
  }
  if (token.startsWith('*')) return 'any';
  return token === '?' ? () => true : (character) => character === (escaped ?? token);
}

/** Reads the inside of `[a-z0]`. A range whose ends are the wrong way round has nothing in it. */
function toSet(set: string): (character: string) => boolean {
  const ranges = Array.from(set.matchAll(/(.)-(.)|(.)/gsu), ([, first, last, one = '']) => ({
    first: first ?? one,
    last: last ?? one,
  }));
  return (character) => ranges.some(({ first, last }) => first <= character && character <= last);
}
