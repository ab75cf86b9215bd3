import { EXIT } from '../../render/exit.ts';
import { formatIssues } from '../../render/issues.ts';
import { formatIssuesGithub } from '../../render/issues-github.ts';
import { formatIssuesJson } from '../../render/issues-json.ts';
import { formatIssuesSarif } from '../../render/issues-sarif.ts';
import { load } from '../../sources/load.ts';
import type { FileOptions } from '../arguments.ts';
import type { Environment } from '../environment.ts';

export interface ValidateOptions extends FileOptions {
  readonly output: 'text' | 'json' | 'github' | 'sarif';
  readonly strict?: boolean;
}

/** Parses and checks files without touching any table. All problems are shown at once. */
export async function validate(
  options: ValidateOptions,
  environment: Environment,
): Promise<number> {
  const { output } = environment;
  const { desired, issues, sources, files } = await load(options.file, environment.stdin);
  const errors = issues.filter(({ severity }) => severity === 'error').length;
  const warnings = issues.length - errors;
  const isValid = errors === 0 && !(options.strict && warnings > 0);
  const services = desired ? `, ${countOf(desired.services.size, 'service')}` : '';
  const counted = `${countOf(files.length, 'file')}${services}, ${countOf(errors, 'error')}, ${countOf(warnings, 'warning')}`;
  switch (options.output) {
    case 'text': {
      output.print(formatIssues(issues, sources, output.layout('stdout')));
      output.print(`${isValid ? 'Valid' : 'Not valid'}: ${counted}.\n`);
      break;
    }
    case 'json':
      output.print(formatIssuesJson(issues, isValid));
      break;
    case 'github':
      output.print(formatIssuesGithub(issues));
      break;
    case 'sarif':
      output.print(formatIssuesSarif(issues));
      break;
    default:
      options.output satisfies never;
  }
  return isValid ? EXIT.ok : EXIT.config;
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
