import type { Issue, IssueCode, Position } from '../../model/issue.ts';

interface Details {
  /** `error` when missing. */
  readonly severity?: Issue['severity'];
  readonly hint?: string | undefined;
  readonly related?: Issue['related'];
}

export type Report = (
  code: IssueCode,
  message: string,
  position: Position,
  details?: Details,
) => void;

/** Collects the issues of a configuration that may be spread over several files. */
export function createReport(): { readonly issues: readonly Issue[]; readonly report: Report } {
  const issues: Issue[] = [];
  return {
    issues,
    report: (code, message, position, { severity = 'error', hint, related } = {}) => {
      issues.push({
        ...{ code, severity, message, position },
        ...(hint !== undefined && { hint }),
        ...(related && { related }),
      });
    },
  };
}
