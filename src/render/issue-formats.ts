import type { Issue } from '../model/issue.ts';
import { countOf } from './count-of.ts';
import { type FormatIssuesOptions, formatIssues } from './issues.ts';
import { formatIssuesGithub } from './issues-github.ts';
import { formatIssuesSarif } from './issues-sarif.ts';
import { formatJson } from './json.ts';

/** Result of a validation. */
interface Validation {
  readonly issues: readonly Issue[];
  /** Texts of the files by their names. */
  readonly sources: ReadonlyMap<string, string>;
  readonly isValid: boolean;
  readonly fileCount: number;
  /** undefined when an error hides the services. */
  readonly serviceCount: number | undefined;
  /** The version of this program. */
  readonly programVersion: string;
}

/** Every output format of a validation. */
export const ISSUE_FORMATS = {
  text: formatValidation,
  json: ({ isValid, issues }: Validation) =>
    formatJson({ format: 'ipvstate-validation', version: 1, valid: isValid, issues }),
  github: ({ issues }: Validation) => formatIssuesGithub(issues),
  sarif: ({ issues, programVersion }: Validation) => formatIssuesSarif(issues, programVersion),
};

function formatValidation(validation: Validation, options: FormatIssuesOptions): string {
  const { issues, sources, isValid, fileCount, serviceCount } = validation;
  const errors = issues.filter(({ severity }) => severity === 'error').length;
  const counts = [
    countOf(fileCount, 'file'),
    ...(serviceCount === undefined ? [] : [countOf(serviceCount, 'service')]),
    countOf(errors, 'error'),
    countOf(issues.length - errors, 'warning'),
  ];
  const verdict = `${isValid ? 'Valid' : 'Not valid'}: ${counts.join(', ')}.\n`;
  return formatIssues(issues, sources, options) + verdict;
}
