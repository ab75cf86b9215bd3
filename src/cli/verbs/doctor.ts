import { countByLevel, examine, MACHINE_CHECKS, PROGRAM_CHECKS } from '../../doctor/examine.ts';
import { IpvstateError } from '../../errors.ts';
import { DOCTOR_FORMATS } from '../../render/doctor.ts';
import { exitCodeOfFindings } from '../../render/exit.ts';
import { findPaths } from '../../sources/files/paths.ts';
import { type Loaded, type LoadOptions, load } from '../../sources/load.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { TABLE_EXITS } from '../declare/exit-groups.ts';
import { FILE_OPTIONS, readingOf, TABLE_OPTIONS } from '../declare/option-groups.ts';
import { flag, outputFormat } from '../declare/options.ts';
import { readFacts, readProgramFacts } from '../diagnose.ts';
import type { Environment } from '../environment.ts';
import { withTable } from '../open-table.ts';

export const doctorVerb = defineVerb({
  name: 'doctor',
  job: 'look',
  summary: 'what will not work here',
  description: 'say what will not work on this machine, why, and how to correct it',
  options: {
    ...FILE_OPTIONS,
    ...TABLE_OPTIONS,
    output: outputFormat(DOCTOR_FORMATS, 'text'),
    verbose: flag('-v, --verbose', 'show also what is well'),
  },
  exits: {
    ...TABLE_EXITS,
    ok: 'all is well, but for remarks',
    changes: 'there is a warning, or something could not be checked',
    config: 'a file is invalid; the machine was looked at',
    unavailable: 'something cannot work as it is',
  },
  examples: ['ipvstate doctor', 'ipvstate doctor -f ipvs.yaml -o json'],
  notes: ['Changes nothing, and loads no module.'],
  run: async ({ file, node, table, output: format, verbose }, environment) => {
    const loading = await loadIfPresent(file, readingOf({ node }), environment);
    const loaded = loading instanceof IpvstateError ? undefined : loading;
    const facts = await readProgramFacts(await environment.machine(), loaded);
    // A table that cannot be read is an error here, as it is for every verb.
    if (table !== undefined) await withTable(table, environment, async () => {});
    const isAboutKernel = table === undefined;
    const findings = [
      ...(isAboutKernel ? examine(MACHINE_CHECKS, await readFacts(facts, environment)) : []),
      ...examine(PROGRAM_CHECKS, facts),
    ];
    const issues = loaded && !loaded.desired ? loaded.issues : [];
    const exitCode = exitCodeOfFindings(countByLevel(findings), issues.length === 0);
    const diagnosis = {
      ...{ findings, issues, exitCode, isAboutKernel },
      ...{ sources: loaded?.sources ?? new Map(), files: loaded?.files ?? [] },
      areFilesUnread: loading instanceof IpvstateError,
    };
    const { output } = environment;
    const layout = { ...output.layout('stdout'), isVerbose: verbose };
    output.print(DOCTOR_FORMATS[format](diagnosis, layout));
    // The operator reads first what can be said without the files.
    if (loading instanceof IpvstateError) throw loading;
    return exitCode;
  },
});

/**
 * Loads the files that were named, or the default ones where there are some. Returns the error of
 * files that cannot be read.
 */
async function loadIfPresent(
  paths: readonly string[],
  options: LoadOptions,
  { stdin }: Environment,
): Promise<Loaded | IpvstateError | undefined> {
  if (paths.length === 0 && (await findPaths([])()).areMissing) return undefined;
  return load(paths, stdin, options).catch((error: unknown) => {
    if (error instanceof IpvstateError && error.code !== 'USAGE') return error;
    throw error;
  });
}
