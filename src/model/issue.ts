import { IpvstateError } from '../errors.ts';

/** A place in a text. Lines and columns count from 1; a column is in UTF-16 units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Severity = 'error' | 'warning';

/**
 * The kinds of problems in a text. The set is closed: the manual (issue-codes.md) lists every code,
 * and a test compares the two.
 */
export type IssueCode =
  // The file as a whole.
  | 'EMPTY'
  | 'NOT_TEXT'
  | 'NOT_A_FILE'
  | 'TOO_LARGE'
  | 'TOO_DEEP'
  // YAML.
  | 'SYNTAX'
  | 'YAML_1_1'
  | 'TAG'
  | 'ALIAS_LIMIT'
  | 'DUPLICATE_KEY'
  | 'MULTIPLE_DOCUMENTS'
  | 'CONTROL_CHARACTER'
  | 'NUMBER_SPELLING'
  // The schema.
  | 'UNKNOWN_KEY'
  | 'MISSING_KEY'
  | 'WRONG_TYPE'
  | 'BAD_VALUE'
  | 'OUT_OF_RANGE'
  | 'VERSION'
  // Values that the kernel would refuse, or accept although they make no sense.
  | 'ADDRESS'
  | 'DUPLICATE'
  | 'CONFLICT'
  | 'REFERENCE'
  | 'PORT'
  | 'FAMILY'
  | 'TUNNEL'
  | 'THRESHOLD'
  | 'NETMASK'
  | 'PERSISTENCE'
  | 'SCHEDULER'
  | 'SCHEDULER_FLAG'
  | 'DAEMON'
  | 'SYSCTL'
  | 'HEALTH'
  | 'NODE'
  // ipvsadm lines.
  | 'IPVSADM_LINE'
  | 'NOT_DECLARATIVE'
  // Other programs' files.
  | 'NOT_CARRIED'
  | 'TRANSLATE'
  | 'ASSUMED'
  // Lint: valid, and probably a mistake.
  | 'UNSERVED'
  | 'NO_EFFECT'
  // The number of problems that are not shown, when there are too many.
  | 'MORE';

/** A problem in a text, with its place and advice. Issues are collected, never thrown. */
export interface Issue {
  readonly code: IssueCode;
  readonly severity: Severity;
  /** The value that was found and the one that was expected, without the place. */
  readonly message: string;
  readonly position: Position;
  /** Advice, such as `did you mean "weight"?`. */
  readonly hint?: string;
  /** Another place that belongs to the problem, such as the first of two duplicates. */
  readonly related?: { readonly message: string; readonly position: Position };
  /** The nodes for which the text was read, where it has the problem for some of them only. */
  readonly nodes?: readonly string[];
}

/** The error for text that has issues, with all of them. */
export class ConfigurationError extends IpvstateError {
  readonly issues: readonly Issue[];

  constructor(message: string, issues: readonly Issue[]) {
    super('CONFIG', message);
    this.issues = issues;
  }
}

export function hasErrors(issues: readonly Issue[]): boolean {
  return issues.some((issue) => issue.severity === 'error');
}

/** The number of issues of one text that are shown. Further ones are only counted. */
export const MAX_SHOWN_ISSUES = 50;

/**
 * Returns the issues of one text, or the first ones and their number when there are too many.
 * Errors have precedence over warnings.
 */
export function limitIssues(issues: readonly Issue[]): readonly Issue[] {
  if (issues.length <= MAX_SHOWN_ISSUES) return issues;
  const errors = issues.filter(({ severity }) => severity === 'error');
  const warnings = issues.filter(({ severity }) => severity === 'warning');
  const shown = new Set([...errors, ...warnings].slice(0, MAX_SHOWN_ISSUES));
  const kept = issues.filter((issue) => shown.has(issue));
  const severity = errors.length > MAX_SHOWN_ISSUES ? 'error' : 'warning';
  return [...kept, ...moreIssues(issues.length - kept.length, severity, kept.at(-1))];
}

/** Counts the issues that are not shown, at the place of the last one that is. */
export function moreIssues(hidden: number, severity: Severity, last: Issue | undefined): Issue[] {
  if (hidden === 0 || !last) return [];
  const message = `${hidden} more problems are not shown`;
  return [{ code: 'MORE', severity, message, position: last.position }];
}

/**
 * Turns offsets of one text into positions. The starts of the lines are found at the first call.
 */
export function positions(text: string, file: string): (offset: number) => Position {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(text);
    const at = Math.max(0, Math.min(offset, text.length));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: at - (starts[low] ?? 0) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
