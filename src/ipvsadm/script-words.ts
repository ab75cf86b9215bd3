/** A word of a script, unquoted, with the place of its first character. Lines and columns count from 1. */
export interface ScriptWord {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** One command: a line, with those that a backslash joins to it. */
export interface ScriptLine {
  readonly words: readonly ScriptWord[];
  /** Something that only a shell understands; the words after it are missing. */
  readonly shell: ScriptWord | undefined;
}

const BLANK = /[ \t\r]/;
const SHELL = /[$`|;&<>()]/;
/** Lines without any of these, as save files consist of, need no closer look. */
const SPECIAL = /[$`|;&<>()#'"\\]/;
const PLAIN_WORD = /[^ \t\r]+/g;

/** Splits a script as a shell would, as far as plain words, quotes, comments and continued lines go. Lines without words are left out. */
export function splitScript(text: string): ScriptLine[] {
  const lines: ScriptLine[] = [];
  let words: ScriptWord[] = [];
  for (const [index, physical] of text.split('\n').entries()) {
    const rest = physical.endsWith('\r') ? physical.slice(0, -1) : physical;
    const { continued, shell } = splitLine(rest, index + 1, words);
    if (continued) continue;
    if (words.length > 0 || shell) lines.push({ words, shell });
    words = [];
  }
  if (words.length > 0) lines.push({ words, shell: undefined });
  return lines;
}

interface LineEnd {
  readonly continued: boolean;
  readonly shell: ScriptWord | undefined;
}

function splitLine(text: string, line: number, words: ScriptWord[]): LineEnd {
  const end = (shell?: ScriptWord): LineEnd => ({ continued: false, shell });
  if (!SPECIAL.test(text)) {
    for (const match of text.matchAll(PLAIN_WORD)) words.push({ text: match[0], line, column: match.index + 1 });
    return end();
  }
  let at = 0;
  while (at < text.length) {
    if (BLANK.test(text.charAt(at))) {
      at++;
      continue;
    }
    if (text.charAt(at) === '#') return end();
    if (text.slice(at) === '\\') return { continued: true, shell: undefined };
    const start = at;
    let word = '';
    let quote = '';
    for (; at < text.length; at++) {
      const character = text.charAt(at);
      const place = { text: character, line, column: at + 1 };
      if (quote === "'" && character !== "'") word += character;
      else if (character === quote) quote = '';
      else if (SHELL.test(character) && !(quote === '"' && !/[$`]/.test(character))) return end(place);
      else if (quote === '' && (character === "'" || character === '"')) quote = character;
      else if (character === '\\') {
        at++;
        if (at === text.length) return end(place);
        word += text.charAt(at);
      } else if (quote === '' && BLANK.test(character)) break;
      else word += character;
    }
    if (quote !== '') return end({ text: quote, line, column: start + 1 });
    words.push({ text: word, line, column: start + 1 });
  }
  return end();
}
