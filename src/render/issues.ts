import type { Issue, Position } from '../model/issue.ts';
import { clipLine, oneLine } from './source-line.ts';

export interface FormatIssuesOptions {
  /** Whether to use ANSI colours. Default false. */
  readonly color?: boolean;
  /** Columns of the terminal, for source lines. Default 80. */
  readonly width?: number;
}

type Paint = (code: number, text: string) => string;

/**
 * Formats issues as `file:line:col: error CODE: message`, each with its source line and a caret.
 * `sources` has the texts of the files by their names.
 */
export function formatIssues(
  issues: readonly Issue[],
  sources: ReadonlyMap<string, string>,
  options: FormatIssuesOptions = {},
): string {
  const paint: Paint = options.color
    ? (code, text) => `\u001b[${code}m${text}\u001b[0m`
    : (_, text) => text;
  const lineOf = lineReader(sources);
  const width = Math.max(20, options.width ?? 80);
  return issues.map((issue) => formatIssue(issue, lineOf, width, paint)).join('');
}

const BOLD = 1;
const RED = 31;
const YELLOW = 33;
const CYAN = 36;

function formatIssue(
  issue: Issue,
  lineOf: (position: Position) => string | undefined,
  width: number,
  paint: Paint,
): string {
  const { severity, code, message, position, hint, related } = issue;
  const color = severity === 'error' ? RED : YELLOW;
  const place = paint(BOLD, `${oneLine(formatPosition(position))}:`);
  const lines = [`${place} ${paint(color, `${severity} ${code}:`)} ${oneLine(message)}`];
  if (code !== 'MORE')
    lines.push(...excerpt(position, lineOf, width, (caret) => paint(color, caret)));
  if (hint !== undefined) lines.push(`  ${paint(CYAN, 'hint:')} ${oneLine(hint)}`);
  if (related) {
    const note = oneLine(`${related.message}: ${formatPosition(related.position)}`);
    lines.push(`  ${paint(CYAN, 'note:')} ${note}`);
    lines.push(...excerpt(related.position, lineOf, width, (caret) => paint(CYAN, caret)));
  }
  return `${lines.join('\n')}\n`;
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
  const clipped = clipLine(source, position.column, width - number.length - 3);
  return [
    `${number} | ${clipped.text}`,
    `${' '.repeat(number.length)} | ${' '.repeat(clipped.caret)}${paint('^')}`,
  ];
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
