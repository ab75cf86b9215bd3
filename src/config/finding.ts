import {
  type Issue,
  type IssueCode,
  MAX_SHOWN_ISSUES,
  moreIssues,
  type Severity,
} from '../model/issue.ts';

/** Keys and indexes from the root of the document to a value. */
export type Path = readonly (string | number)[];

/**
 * A place in the text: an offset, or the path of a value or key. A path is turned into an offset
 * only for an issue that is shown.
 */
export type Place = number | { readonly path: Path; readonly at: 'key' | 'value' };

/** An issue before its place is turned into line and column. */
export interface Finding {
  readonly code: IssueCode;
  readonly severity: Severity;
  readonly message: string;
  readonly place: Place;
  readonly hint?: string;
  readonly related?: { readonly message: string; readonly place: Place };
}

/** Takes a finding. Checks go on afterwards, so that one run finds all problems. */
export type Report = (finding: Finding) => void;

export function atValue(...path: Path): Place {
  return { path, at: 'value' };
}

export function atKey(...path: Path): Place {
  return { path, at: 'key' };
}

const SHOWN_NAME_LENGTH = 100;

/** Cuts a name that the file gives, for a message. */
export function shownName(name: string): string {
  return name.length > SHOWN_NAME_LENGTH ? `${name.slice(0, SHOWN_NAME_LENGTH - 1)}…` : name;
}

/**
 * Turns findings into issues in the order of the text. When there are too many, errors have
 * precedence over warnings, and the last issue counts the rest.
 */
export function toIssues(
  findings: readonly Finding[],
  positionOf: (place: Place) => Issue['position'],
): Issue[] {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const warnings = findings.filter((finding) => finding.severity === 'warning');
  const shown = [...errors, ...warnings].slice(0, MAX_SHOWN_ISSUES);
  const issues = shown.map((finding): Issue => {
    const { place, related, ...rest } = finding;
    return {
      ...rest,
      position: positionOf(place),
      ...(related
        ? { related: { message: related.message, position: positionOf(related.place) } }
        : {}),
    };
  });
  issues.sort((a, b) => a.position.line - b.position.line || a.position.column - b.position.column);
  // A problem in an anchored value is found again at each alias.
  const distinct = issues.filter(
    (issue, index) => !issues.slice(0, index).some((other) => isSame(issue, other)),
  );
  const severity = errors.length > MAX_SHOWN_ISSUES ? 'error' : 'warning';
  return [...distinct, ...moreIssues(findings.length - shown.length, severity, distinct.at(-1))];
}

function isSame(a: Issue, b: Issue): boolean {
  return (
    a.message === b.message &&
    a.position.line === b.position.line &&
    a.position.column === b.position.column
  );
}
