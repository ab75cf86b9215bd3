/** A word of a script, without its quotes. */
export interface ScriptWord {
  readonly text: string;
  /** Offset of the first character of the word in the script. */
  readonly at: number;
}

/** One command: a line, and the lines that a backslash joins to it. */
export interface ScriptLine {
  readonly words: readonly ScriptWord[];
  /** The first part that only a shell can read. `words` ends before it. */
  readonly shell: ScriptWord | undefined;
  /** The comment at the end, with its mark. */
  readonly comment: ScriptWord | undefined;
  /** Offsets in the script. */
  readonly start: number;
  readonly end: number;
}

/** Takes the lines of a script that are no commands. */
export interface LineObserver {
  /**
   * Called with the offsets of each line that begins a command; true when it has read the line,
   * which is then left out.
   */
  readonly reads: (start: number, end: number) => boolean;
  readonly onEmptyLine?: () => void;
  /** Called with a comment that has a line of its own, with its mark. */
  readonly onComment?: (comment: ScriptWord) => void;
}

/** The meaning of a character for a shell. All characters beyond ASCII are plain. */
const PLAIN = 0;
const BLANK = 1;
const QUOTE = 2;
const ESCAPE = 3;
/** Plain between quotes. */
const OPERATOR = 4;
/** Plain between single quotes. */
const EXPANSION = 5;

const KINDS = new Uint8Array(128);
for (const [kind, characters] of [
  [BLANK, ' \t\r'],
  [QUOTE, '\'"'],
  [ESCAPE, '\\'],
  [OPERATOR, '|;&<>()'],
  [EXPANSION, '$`'],
] as const) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
}

const SINGLE_QUOTE = 0x27;
const HASH = 0x23;

/**
 * Splits a script as a shell does: into words, with quotes, comments and continued lines. Lines
 * without words are left out.
 */
export function* splitScript(
  text: string,
  { reads, onEmptyLine, onComment }: LineObserver,
): Generator<ScriptLine, undefined> {
  let words: ScriptWord[] = [];
  let begin = 0;
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf('\n', start);
    const next = newline === -1 ? text.length : newline;
    const end = next > start && text[next - 1] === '\r' ? next - 1 : next;
    if (words.length > 0 || !reads(start, end)) {
      if (words.length === 0) begin = start;
      const { continued, shell, comment } = splitLine(text, start, end, words);
      if (!continued) {
        if (words.length > 0 || shell) yield { words, shell, comment, start: begin, end };
        else if (comment) onComment?.(comment);
        else onEmptyLine?.();
        words = [];
      }
    }
    start = next + 1;
  }
  if (words.length > 0)
    yield { words, shell: undefined, comment: undefined, start: begin, end: text.length };
}

interface LineEnd {
  readonly continued: boolean;
  readonly shell?: ScriptWord;
  readonly comment?: ScriptWord;
}

const PLAIN_END: LineEnd = { continued: false };

function splitLine(text: string, start: number, end: number, words: ScriptWord[]): LineEnd {
  for (let at = start; ; ) {
    while (at < end && kindAt(text, at) === BLANK) at++;
    if (at === end) return PLAIN_END;
    if (text.charCodeAt(at) === HASH)
      return { continued: false, comment: { text: text.slice(at, end), at } };
    if (at === end - 1 && kindAt(text, at) === ESCAPE) return { continued: true };
    const first = at;
    let word = '';
    let quote = 0;
    let taken = at;
    for (; at < end; at++) {
      const kind = kindAt(text, at);
      if (kind === PLAIN) continue;
      const code = text.charCodeAt(at);
      if (code === quote) quote = 0;
      else if (quote === SINGLE_QUOTE) continue;
      else if (kind === EXPANSION || (kind === OPERATOR && quote === 0))
        return { continued: false, shell: { text: text.charAt(at), at } };
      else if (kind === QUOTE && quote === 0) quote = code;
      else if (kind === BLANK && quote === 0) break;
      else if (kind !== ESCAPE) continue;
      // A quote or a backslash is not part of the word.
      word += text.slice(taken, at);
      taken = at + 1;
      if (kind !== ESCAPE) continue;
      // The character after a backslash always is.
      at++;
      if (at === end) return { continued: false, shell: { text: '\\', at: at - 1 } };
    }
    if (quote !== 0)
      return { continued: false, shell: { text: String.fromCharCode(quote), at: first } };
    words.push({ text: word + text.slice(taken, at), at: first });
  }
}

function kindAt(text: string, at: number): number {
  return KINDS[text.charCodeAt(at)] ?? PLAIN;
}
