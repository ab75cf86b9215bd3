import { type Token, tokenize } from './tokens.ts';

/**
 * The time at which an import is loaded. `static`: before the file runs, as re-exports are.
 * `dynamic`: when the code asks for it. `type`: never. `import { type A }` is static, because its
 * module is loaded.
 */
export type ImportKind = 'static' | 'dynamic' | 'type';
export type Import = Readonly<{ kind: ImportKind; specifier: string; line: number }>;

const isMark = (token: Token | undefined, text: string) =>
  token?.kind === 'mark' && token.text === text;
const isWord = (token: Token | undefined, text: string) =>
  token?.kind === 'word' && token.text === text;

/**
 * The kind of `import('x')`: a value, or a type as in `typeof import('x')` and `import('x').Name`.
 */
function parseCall(tokens: readonly Token[], at: number): Import | undefined {
  const argument = tokens[at + 2];
  if (argument === undefined) return undefined;
  const { line } = argument;
  if (argument.kind !== 'string') return { kind: 'dynamic', specifier: '(computed)', line };
  const member = isMark(tokens[at + 4], '.') ? tokens[at + 5]?.text : undefined;
  const isType =
    isWord(tokens[at - 1], 'typeof') || (member !== undefined && /^[A-Z]/.test(member));
  return { kind: isType ? 'type' : 'dynamic', specifier: argument.text, line };
}

/** `type` after `import` or `export` is the keyword, except in `import type from 'x'`. */
function isTypeOnly(tokens: readonly Token[], at: number): boolean {
  return (
    isWord(tokens[at + 1], 'type') &&
    !(isWord(tokens[at + 2], 'from') && tokens[at + 3]?.kind === 'string')
  );
}

/**
 * The index of the string after the `from` of the clause that begins at `at`. Returns -1 for
 * `export { a }` and `export const`.
 */
function findSource(tokens: readonly Token[], at: number): number {
  let index = at + (isTypeOnly(tokens, at) ? 2 : 1);
  const first = tokens[index];
  const isExport = isWord(tokens[at], 'export');
  if (isExport && !isMark(first, '{') && !isMark(first, '*')) return -1;
  for (; index < tokens.length && !isMark(tokens[index], ';'); index += 1) {
    if (isWord(tokens[index], 'from') && tokens[index + 1]?.kind === 'string') return index + 1;
    if (isExport && isMark(tokens[index], '}') && !isWord(tokens[index + 1], 'from')) return -1;
  }
  return -1;
}

/** Every import and re-export of a TypeScript source, in order. */
export function readImports(source: string): readonly Import[] {
  const tokens = tokenize(source);
  const found: Import[] = [];
  tokens.forEach((token, at) => {
    const isImport = isWord(token, 'import');
    if (
      (!isImport && !isWord(token, 'export')) ||
      isMark(tokens[at - 1], '.') ||
      isMark(tokens[at + 1], ':')
    )
      return;
    if (isImport && isMark(tokens[at + 1], '.')) return;
    if (isImport && isMark(tokens[at + 1], '(')) {
      const call = parseCall(tokens, at);
      if (call !== undefined) found.push(call);
      return;
    }
    const next = tokens[at + 1];
    if (isImport && next?.kind === 'string') {
      found.push({ kind: 'static', specifier: next.text, line: token.line });
      return;
    }
    const specifier = tokens[findSource(tokens, at)];
    if (specifier === undefined) return;
    found.push({
      kind: isTypeOnly(tokens, at) ? 'type' : 'static',
      specifier: specifier.text,
      line: token.line,
    });
  });
  return found;
}
