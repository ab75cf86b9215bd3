/**
 * A piece of TypeScript other than white space and comments. The `text` of a string has no quotes,
 * and keeps its escapes.
 */
export type Token = Readonly<{
  kind: 'word' | 'string' | 'template' | 'regex' | 'mark';
  text: string;
  line: number;
}>;

/** The words after which a slash begins a regular expression. After any other word, it divides. */
const BEFORE_EXPRESSION = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'new',
  'delete',
  'void',
  'throw',
  'await',
  'yield',
  'else',
  'do',
]);

/** Tells whether a slash after `previous` begins a regular expression rather than divides. */
function startsRegex(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === 'word') return BEFORE_EXPRESSION.has(previous.text);
  if (previous.kind !== 'mark') return false;
  return previous.text !== ')' && previous.text !== ']' && previous.text !== '}';
}

/**
 * The index after the literal that opens at `start` and ends with a `close` that is not escaped.
 */
function endOfQuoted(source: string, start: number, close: string): number {
  let at = start + 1;
  while (at < source.length && source[at] !== close) at += source[at] === '\\' ? 2 : 1;
  return at + 1;
}

function indexOrEnd(source: string, text: string, from: number): number {
  const index = source.indexOf(text, from);
  return index === -1 ? source.length : index;
}

function endOfRegex(source: string, start: number): number {
  let inClass = false;
  let at = start + 1;
  for (; at < source.length && source[at] !== '\n'; at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source[at] === '[') inClass = true;
    else if (source[at] === ']') inClass = false;
    else if (source[at] === '/' && !inClass) break;
  }
  at += 1;
  while (/[a-z]/.test(source[at] ?? '')) at += 1;
  return at;
}

/**
 * Splits TypeScript into tokens, exactly enough to read imports and names. Comments and literals
 * are never taken for code. The parts of a template between `${` and `}` are tokens like any other.
 */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  /** The open braces. True for one inside a template, which goes on after the brace closes. */
  const braces: boolean[] = [];
  let at = 0;
  let line = 1;

  const take = (kind: Token['kind'], end: number, text = source.slice(at, end)) => {
    tokens.push({ kind, text, line });
    line += source.slice(at, end).split('\n').length - 1;
    at = end;
  };
  /**
   * Reads a template from a backtick, or from the brace that ends an insertion, to the next
   * insertion or the closing backtick.
   */
  const takeTemplate = () => {
    let end = at + 1;
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end))
      end += source[end] === '\\' ? 2 : 1;
    const inserted = source.startsWith('${', end);
    if (inserted) braces.push(true);
    take('template', end + (inserted ? 2 : 1));
  };

  while (at < source.length) {
    const char = source[at] as string;
    const word = /^[\p{ID_Start}$_#][\p{ID_Continue}$]*/u.exec(source.slice(at, at + 100))?.[0];
    if (char === '\n') {
      line += 1;
      at += 1;
    } else if (/\s/.test(char)) at += 1;
    else if (source.startsWith('//', at) || (at === 0 && source.startsWith('#!')))
      at = indexOrEnd(source, '\n', at);
    else if (source.startsWith('/*', at)) {
      const end = indexOrEnd(source, '*/', at + 2) + 2;
      line += source.slice(at, end).split('\n').length - 1;
      at = end;
    } else if (word !== undefined) take('word', at + word.length);
    else if (char === "'" || char === '"') {
      const end = endOfQuoted(source, at, char);
      take('string', end, source.slice(at + 1, end - 1));
    } else if (char === '`') takeTemplate();
    else if (char === '/' && startsRegex(tokens.at(-1))) take('regex', endOfRegex(source, at));
    else if (char === '}' && braces.pop() === true) takeTemplate();
    else {
      if (char === '{') braces.push(false);
      take('mark', at + 1);
    }
  }
  return tokens;
}
