import { hasErrors } from '../../model/issue.ts';
import { EXIT } from '../../render/exit.ts';
import { ISSUE_FORMATS } from '../../render/issue-formats.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import {
  FILE_OPTIONS,
  TRANSLATING_OPTIONS,
  translatingOf,
  VERBOSE_OPTIONS,
} from '../declare/option-groups.ts';
import { flag, outputFormat } from '../declare/options.ts';
import { loadFiles } from '../load-valid.ts';

export const validateVerb = defineVerb({
  name: 'validate',
  job: 'configure',
  summary: 'check files',
  description: 'check files without touching any table; all problems at once',
  options: {
    ...FILE_OPTIONS,
    ...TRANSLATING_OPTIONS,
    output: outputFormat(ISSUE_FORMATS, 'text'),
    strict: flag('--strict', 'let warnings fail, too'),
    ...VERBOSE_OPTIONS,
  },
  exits: { ...FILE_EXITS, ok: 'valid' },
  examples: ['ipvstate validate -f ipvs.yaml', 'ipvstate validate -f conf.d --strict -o github'],
  run: async (options, environment) => {
    const { output, version } = environment;
    const { desired, issues, sources, files } = await loadFiles(
      options.file,
      environment,
      translatingOf(options),
    );
    const isValid = options.strict ? issues.length === 0 : !hasErrors(issues);
    const validation = {
      ...{ issues, sources, isValid, programVersion: version },
      ...{ fileCount: files.length, serviceCount: desired?.services.size },
    };
    output.print(ISSUE_FORMATS[options.output](validation, output.layout('stdout')));
    return isValid ? EXIT.ok : EXIT.config;
  },
});
