import { type Issue, type IssueCode, type Position, positions } from '../../model/issue.ts';

interface Details {
  /** `error` when missing. */
  readonly severity?: Issue['severity'];
  readonly hint?: string | undefined;
  readonly related?: Issue['related'];
}

export interface Reporter {
  /** All issues up to now, in the order of their reports. */
  readonly issues: readonly Issue[];
  /** The line and column of an offset in the text. */
  readonly position: (at: number) => Position;
  /** Drops the issues after the first `count`. */
  readonly dropAfter: (count: number) => void;
  readonly report: (code: IssueCode, message: string, at: number, details?: Details) => void;
}

/** Collects the issues of one file. */
export function reporter(text: string, file: string): Reporter {
  const issues: Issue[] = [];
  const position = positions(text, file);
  return {
    issues,
    position,
    dropAfter: (count) => {
      issues.length = count;
    },
    report: (code, message, at, { severity = 'error', hint, related } = {}) => {
      issues.push({
        code,
        severity,
        message,
        position: position(at),
        ...(hint !== undefined && { hint }),
        ...(related && { related }),
      });
    },
  };
}
