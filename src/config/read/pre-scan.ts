import type { IssueCode } from '../../model/issue.ts';
import type { Finding } from '../finding.ts';

/** In UTF-16 units of the text, which are at least as many as a third of its bytes. The reader of the file checks bytes. */
export const MAX_TEXT_LENGTH = 64 * 1024 * 1024;
export const MAX_DEPTH = 64;

/** Most files have none, and this search is many times faster than those for what is really unwanted. */
const UNUSUAL = /[^\t\n\r -~]/;

/** Controls but tab, line feed and return; no-break space, zero-width and line separators, text direction, BOM. */
const UNWANTED = /(?![\t\n\r])[\p{Cc}\u00a0\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * What must be known before a parser sees the text, because the parser would be slow about it, silent about it, or confusing.
 * Linear. `yaml` is false for JSON, which may be indented with tabs and has neither comments nor directives.
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
  const findings: Finding[] = [];
  if (UNUSUAL.test(text)) {
    const binary = text.search(/[\0\ufffd]/);
    if (binary !== -1)
      return [fatal('NOT_TEXT', binary, 'this is not UTF-8 text', 'save the file as UTF-8')];
    findings.push(...unwantedCharacters(text, yaml));
  }
  if (!yaml) return findings;
  findings.push(
    ...matches(
      text,
      /^%YAML[ \t]+(?!1\.2[ \t]*\r?$).*/gm,
      'YAML_1_1',
      'only YAML 1.2 is read',
      'remove the %YAML line',
    ),
  );
  findings.push(
    ...matches(
      text,
      /^(?:<{7}|>{7}|\|{7})(?: .*)?$|^={7}\r?$/gm,
      'SYNTAX',
      'this is a merge conflict marker',
      'resolve the conflict',
    ),
    ...matches(text, /^ *\t+[ \t]*(?=[^\s#])/gm, 'SYNTAX', 'a tab cannot indent', 'use spaces'),
  );
  return findings;
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
  for (const match of text.matchAll(UNWANTED)) {
    if (yaml && isInComment(text, match.index)) continue;
    const code = match[0].charCodeAt(0).toString(16).padStart(4, '0');
    const name = match[0] === '\u00a0' ? 'no-break space' : 'character';
    findings.push(
      fatal(
        'CONTROL_CHARACTER',
        match.index,
        `${name} U+${code.toUpperCase()} in the text`,
        `remove it, or write "\\u${code}" in quotes`,
      ),
    );
  }
  return findings;
}

/** Whether a `#` that starts the line or follows a blank precedes the place, on a line without quotes before it. */
function isInComment(text: string, offset: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  return /^(?:[^"']*[ \t])?#/.test(line);
}

function fatal(code: IssueCode, place: number, message: string, hint: string): Finding {
  return { code, severity: 'error', place, message, hint };
}
