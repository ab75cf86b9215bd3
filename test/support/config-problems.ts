import { parseConfig } from '../../src/config/parse.ts';
import type { Desired } from '../../src/model/desired.ts';
import { formatIssues } from '../../src/render/issues.ts';

/** The issues of a configuration as a user sees them, without colours. Empty for no issues. */
export function problemsOf(text: string, file = 'c.yaml'): string {
  return formatIssues(parseConfig(text, file).issues, new Map([[file, text]]));
}

/** One line for each issue: place, severity, code and message, then the hint after `=>`. */
export function briefProblemsOf(text: string, file = 'c.yaml'): string[] {
  return parseConfig(text, file).issues.map(({ position, severity, code, message, hint }) => {
    const place = `${position.line}:${position.column} ${severity} ${code}`;
    return `${place}: ${message}${hint === undefined ? '' : ` => ${hint}`}`;
  });
}

/** The result of a configuration that must have no errors. */
export function desiredOf(text: string, file = 'c.yaml'): Desired {
  const { desired } = parseConfig(text, file);
  if (!desired) throw new Error(problemsOf(text, file));
  return desired;
}

/**
 * A configuration of one service. Its address is on line 3, and the given lines begin on line 4.
 */
export function service(address: string, ...lines: readonly string[]): string {
  return [
    'version: 1',
    'services:',
    `  - address: ${address}`,
    ...lines.map((line) => `    ${line}`),
    '',
  ].join('\n');
}
