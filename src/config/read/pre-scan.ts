import type { IssueCode } from '../../model/issue.ts';
import type { Finding } from '../finding.ts';

/**
 * The limit in UTF-16 units, each of which is 1 to 3 bytes in the file. The reader of the file
 * limits bytes.
 */
export const MAX_TEXT_LENGTH = 64 * 1024 * 1024;
export const MAX_DEPTH = 64;

/**
 * Matches any character beyond printable ASCII. Most files have none, and this search is many times
 * faster than that for `UNWANTED`.
 */
const UNUSUAL = /[^\t\n\r -~]/;

/**
 * Control characters other than tab, line feed and return; no-break space, zero-width characters,
 * line separators, text direction, BOM.
 */
const UNWANTED = /(?![\t\n\r])[\p{Cc}\u00a0\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * Finds problems that a parser would find slowly, report in a confusing way, or not report. Takes
 * linear time. `yaml` is false for JSON, which may be indented with tabs and has neither comments
 * nor directives.
 */
export function preScan(text: string, yaml: boolean): Finding[] {
  if (text.length > MAX_TEXT_LENGTH) {
    return [
      fatal(
        'TOO_LARGE',
        0,
        `the file is larger than ${MAX_TEXT_LENGTH / 1024 / 1024} MiB`,
        'split it into several files',
      ),
    ];
  }
  const isUnusual = UNUSUAL.test(text);
  const binary = isUnusual ? text.search(/[\0\ufffd]/) : -1;
  if (binary !== -1)
    return [fatal('NOT_TEXT', binary, 'this is not UTF-8 text', 'save the file as UTF-8')];
  const unwanted = isUnusual ? unwantedCharacters(text, yaml) : [];
  return yaml ? [...unwanted, ...unwantedLines(text)] : unwanted;
}

function unwantedLines(text: string): Finding[] {
  return [
    ...matches(
      text,
      /^%YAML[ \t]+(?!1\.2[ \t]*\r?$).*/gm,
      'YAML_1_1',
      'only YAML 1.2 is read',
      'remove the %YAML line',
    ),
    ...matches(
      text,
      /^(?:<{7}|>{7}|\|{7})(?: .*)?$|^={7}\r?$/gm,
      'SYNTAX',
      'this is a merge conflict marker',
      'resolve the conflict',
    ),
    ...matches(text, /^ *\t[ \t]*(?=[^\s#])/gm, 'SYNTAX', 'a tab cannot indent', 'use spaces'),
  ];
}

function matches(
  text: string,
  pattern: RegExp,
  code: IssueCode,
  message: string,
  hint: string,
): Finding[] {
  return Array.from(text.matchAll(pattern), (match) =>
    fatal(code, match.index + Math.max(0, match[0].indexOf('\t')), message, hint),
  );
}

function unwantedCharacters(text: string, yaml: boolean): Finding[] {
  const findings: Finding[] = [];
  let line = { start: 0, end: -1, comment: 0 };
  for (const { 0: character, index } of text.matchAll(UNWANTED)) {
    if (index > line.end) line = lineAt(text, index);
    if (yaml && index >= line.comment) continue;
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    const name = character === '\u00a0' ? 'no-break space' : 'character';
    findings.push(
      fatal(
        'CONTROL_CHARACTER',
        index,
        `${name} U+${code.toUpperCase()} in the text`,
        `remove it, or write "\\u${code}" in quotes`,
      ),
    );
  }
  return findings;
}

/**
 * The line around an offset and where its comment begins: at a `#` that starts the line or follows
 * a blank, with no quote before it. Computed once per line, because a line can be the whole file.
 */
function lineAt(text: string, offset: number) {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const next = text.indexOf('\n', offset);
  const end = next === -1 ? text.length : next;
  const before = /^[^"']*/.exec(text.slice(start, end))?.[0] ?? '';
  const hash = before.startsWith('#') ? 0 : before.search(/[ \t]#/);
  return { start, end, comment: hash === -1 ? Number.POSITIVE_INFINITY : start + hash };
}

function fatal(code: IssueCode, place: number, message: string, hint: string): Finding {
  return { code, severity: 'error', place, message, hint };
}
