import type { Issue, IssueCode, Position } from '../model/issue.ts';
import type { Place } from './script-state.ts';

interface Details {
  /** Default: error. */
  readonly severity?: Issue['severity'];
  readonly hint?: string | undefined;
  readonly related?: Issue['related'];
}

export interface Reporter {
  /** Everything reported so far. */
  readonly issues: readonly Issue[];
  readonly position: (place: Place) => Position;
  readonly report: (code: IssueCode, message: string, place: Place, details?: Details) => void;
}

/** Collects the issues of one file. */
export function reporter(file: string): Reporter {
  const issues: Issue[] = [];
  const position = (place: Place): Position => ({ file, line: place.line, column: place.column });
  return {
    issues,
    position,
    report: (code, message, place, { severity = 'error', hint, related } = {}) => {
      issues.push({ code, severity, message, position: position(place), ...(hint !== undefined && { hint }), ...(related && { related }) });
    },
  };
}
