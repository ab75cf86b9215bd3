import type { Issue, Position } from '../model/issue.ts';
import { describeNode } from '../model/node.ts';
import { printable } from '../model/printable.ts';
import { clipLine } from './source-line.ts';
import { colorStyle, PLAIN, type Style } from './style.ts';

export interface FormatIssuesOptions {
  /** True to use ANSI colours. Default false. */
  readonly color?: boolean;
  /** Emphasis in place of `color`. */
  readonly style?: Style;
  /** Columns of the terminal, for source lines. Default 80. */
  readonly width?: number;
}

/**
 * Formats issues as `file:line:col: error CODE: message`, each with its source line and a caret.
 * `sources` has the texts of the files by their names.
 */
export function formatIssues(
  issues: readonly Issue[],
  sources: ReadonlyMap<string, string>,
  options: FormatIssuesOptions = {},
): string {
  const style = options.style ?? (options.color ? colorStyle() : PLAIN);
  const lineOf = lineReader(sources);
  const width = Math.max(20, options.width ?? 80);
  return issues.map((issue) => formatIssue(issue, lineOf, width, style)).join('');
}

function formatIssue(
  issue: Issue,
  lineOf: (position: Position) => string | undefined,
  width: number,
  style: Style,
): string {
  const { severity, code, message, position, hint, related } = issue;
  const paint = severity === 'error' ? style.remove : style.edit;
  const place = style.strong(`${printable(formatPosition(position))}:`);
  const lines = [
    `${place} ${paint(`${severity} ${code}:`)} ${printable(message + formatNodes(issue))}`,
  ];
  if (code !== 'MORE') lines.push(...excerpt(position, lineOf, width, paint));
  if (hint !== undefined) lines.push(`  ${style.hint('hint:')} ${printable(hint)}`);
  if (related) {
    const note = printable(`${related.message}: ${formatPosition(related.position)}`);
    lines.push(`  ${style.hint('note:')} ${note}`);
    lines.push(...excerpt(related.position, lineOf, width, style.hint));
  }
  return `${lines.join('\n')}\n`;
}

/** The nodes that have a problem which others do not have: ` (lb1, lb2)`. */
export function formatNodes({ nodes }: Pick<Issue, 'nodes'>): string {
  return nodes ? ` (${listNodes(nodes)})` : '';
}

/** Names that are more than a line has room for. */
const MAX_NODES = 5;

export function listNodes(nodes: readonly string[]): string {
  const shown = nodes.slice(0, MAX_NODES).map(describeNode);
  const more = nodes.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

/** Formats a line of a file. The name of a file can have line breaks, which would forge a plan. */
export function formatFileLine({ file, line }: Pick<Position, 'file' | 'line'>): string {
  return `${printable(file)}:${line}`;
}

export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

function excerpt(
  position: Position,
  lineOf: (position: Position) => string | undefined,
  width: number,
  paint: (caret: string) => string,
): string[] {
  const source = lineOf(position);
  if (source === undefined || source.trim() === '') return [];
  const number = String(position.line);
  const clipped = clipLine(withoutSecrets(source), position.column, width - number.length - 3);
  return [
    `${number} | ${clipped.text}`,
    `${' '.repeat(number.length)} | ${' '.repeat(clipped.caret)}${paint('^')}`,
  ];
}

/**
 * Texts before a secret: a word for one, a URL with a user, and the option of curl. The word must
 * not be a part of another one.
 */
const BEFORE_SECRET = [
  /(?:^|[^a-z])(?:pass|passwd|password|passphrase|secret|token)["']?(?:\s*[=:]\s*|[ \t]+)["']?/,
  /:\/\/[^\s/:@]*:(?=[^\s/@]*@)/,
  /\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]?/,
];
const SECRET = new RegExp(
  `(${BEFORE_SECRET.map(({ source }) => source).join('|')})([^\\s"'@;]+)`,
  'gi',
);

/** Replaces passwords by stars of the same length. The output may be kept in a log. */
function withoutSecrets(line: string): string {
  return line.replace(SECRET, (_, before: string, secret: string) => {
    return before + '*'.repeat(secret.length);
  });
}

/** Returns a reader of source lines. It splits each text once. */
function lineReader(
  sources: ReadonlyMap<string, string>,
): (position: Position) => string | undefined {
  const split = new Map<string, string[]>();
  return ({ file, line }) => {
    let lines = split.get(file);
    if (!lines) {
      const text = sources.get(file);
      if (text === undefined) return undefined;
      lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
      split.set(file, lines);
    }
    return lines[line - 1];
  };
}
