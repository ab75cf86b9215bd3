import type { Desired } from '../model/desired.ts';
import { ConfigurationError } from '../model/issue.ts';
import { countEntries } from '../model/stage.ts';
import { countOf } from '../render/count-of.ts';
import { formatIssues } from '../render/issues.ts';
import { type Loaded, type LoadOptions, load } from '../sources/load.ts';
import type { Environment } from './environment.ts';

/** A configuration without errors. */
export type ValidConfiguration = Loaded & { readonly desired: Desired };

/** Loads the configuration, as a stage that a person can watch. */
export function loadFiles(
  paths: readonly string[],
  { output, stdin }: Environment,
  options: LoadOptions = {},
): Promise<Loaded> {
  return output.stage(
    'read-files',
    () => load(paths, stdin, { ...options, onLongParse: () => output.showStage('read-files') }),
    ({ files, desired }) => ({ file: files.length, ...(desired && countEntries(desired)) }),
  );
}

/** Loads the configuration and prints its issues. Throws `CONFIG` when it is invalid. */
export async function loadValid(
  paths: readonly string[],
  environment: Environment,
  options: LoadOptions = {},
): Promise<ValidConfiguration> {
  return requireValid(await loadFiles(paths, environment, options), environment);
}

/** Prints the issues of a configuration. Throws `CONFIG` when it is invalid. */
export function requireValid(loaded: Loaded, environment: Environment): ValidConfiguration {
  if (loaded.issues.length > 0) {
    const { output } = environment;
    const text = formatIssues(loaded.issues, loaded.sources, output.layout('stderr'));
    if (loaded.desired) output.note(text);
    else output.warn(text);
  }
  const { desired } = loaded;
  if (!desired) {
    const of = loaded.node === undefined ? '' : ` of ${loaded.node}`;
    const errors = loaded.issues.filter(({ severity }) => severity === 'error').length;
    throw new ConfigurationError(
      `${countOf(errors, 'error')} in the configuration${of}; nothing was changed`,
      loaded.issues,
    );
  }
  return { ...loaded, desired };
}
