import type { Desired } from '../model/desired.ts';
import { ConfigurationError } from '../model/issue.ts';
import { countOf } from '../render/count-of.ts';
import { formatIssues } from '../render/issues.ts';
import { type Loaded, load } from '../sources/load.ts';
import type { Environment } from './environment.ts';

/** Loads the configuration and prints its issues. Throws `CONFIG` when it is invalid. */
export async function loadValid(
  paths: readonly string[],
  environment: Environment,
): Promise<Loaded & { readonly desired: Desired }> {
  const loaded = await load(paths, environment.stdin);
  if (loaded.issues.length > 0) {
    const { output } = environment;
    const text = formatIssues(loaded.issues, loaded.sources, output.layout('stderr'));
    if (loaded.desired) output.note(text);
    else output.warn(text);
  }
  const { desired } = loaded;
  if (!desired) {
    const errors = loaded.issues.filter(({ severity }) => severity === 'error').length;
    throw new ConfigurationError(
      `${countOf(errors, 'error')} in the configuration; nothing was changed`,
      loaded.issues,
    );
  }
  return { ...loaded, desired };
}
