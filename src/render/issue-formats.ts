import type { Issue } from '../model/issue.ts';
import { countOf } from './count-of.ts';
import { type FormatIssuesOptions, formatIssues, listNodes } from './issues.ts';
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
  /** The nodes that the files were read for. Absent: the files are the same for all nodes. */
  readonly nodes?: readonly string[] | undefined;
  /** The version of this program. */
  readonly programVersion: string;
}

/** Every output format of a validation. */
export const ISSUE_FORMATS = {
  text: formatValidation,
  json: ({ isValid, nodes, issues }: Validation) =>
    formatJson({ format: 'ipvstate-validation', version: 1, valid: isValid, nodes, issues }),
  github: ({ issues }: Validation) => formatIssuesGithub(issues),
  sarif: ({ issues, programVersion }: Validation) => formatIssuesSarif(issues, programVersion),
};

function formatValidation(validation: Validation, options: FormatIssuesOptions): string {
  const { issues, sources, isValid, nodes, fileCount, serviceCount } = validation;
  const errors = issues.filter(({ severity }) => severity === 'error').length;
  const counts = [
    countOf(fileCount, 'file'),
    ...(serviceCount === undefined ? [] : [countOf(serviceCount, 'service')]),
    countOf(errors, 'error'),
    countOf(issues.length - errors, 'warning'),
  ];
  const about = nodes ? ` for ${listNodes(nodes)}` : '';
  const verdict = `${isValid ? 'Valid' : 'Not valid'}${about}: ${counts.join(', ')}.\n`;
  return formatIssues(issues, sources, options) + verdict;
}
