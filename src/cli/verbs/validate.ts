import type { FileOptions } from '../arguments.ts';
import type { Environment } from '../environment.ts';
import { EXIT } from '../exit.ts';
import { load } from '../load.ts';

export interface ValidateOptions extends FileOptions {
  readonly output: 'text' | 'json' | 'github' | 'sarif';
  readonly strict?: boolean;
}

/** Parses and checks files without touching any table. All problems are shown at once. */
export async function validate(options: ValidateOptions, environment: Environment): Promise<number> {
  const { output } = environment;
  const { desired, issues, sources, files } = await load(options.file, environment.stdin);
  switch (options.output) {
    case 'text': {
      const { formatIssues } = await import('../../text/issues.ts');
      output.print(formatIssues(issues, sources, output.layout('stdout')));
      break;
    }
    case 'json':
      output.print((await import('../../text/issues-json.ts')).formatIssuesJson(issues));
      break;
    case 'github':
      output.print((await import('../../text/issues-github.ts')).formatIssuesGithub(issues));
      break;
    case 'sarif':
      output.print((await import('../../text/issues-sarif.ts')).formatIssuesSarif(issues));
      break;
    default:
      options.output satisfies never;
  }
  const errors = issues.filter(({ severity }) => severity === 'error').length;
  const warnings = issues.length - errors;
  const isValid = errors === 0 && !(options.strict && warnings > 0);
  if (options.output === 'text') {
    const of = `${files.length} file${files.length === 1 ? '' : 's'}`;
    const counted = `${errors} error${errors === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}`;
    const services = desired ? `, ${desired.services.size} service${desired.services.size === 1 ? '' : 's'}` : '';
    output.print(`${isValid ? 'Valid' : 'Not valid'}: ${of}${services}, ${counted}.\n`);
  }
  return isValid ? EXIT.ok : EXIT.config;
}
