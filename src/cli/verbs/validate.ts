import { hasErrors } from '../../model/issue.ts';
import { OTHER_NODE } from '../../model/node.ts';
import { countEntries } from '../../model/stage.ts';
import { EXIT } from '../../render/exit.ts';
import { ISSUE_FORMATS } from '../../render/issue-formats.ts';
import { type Loaded, readDocuments } from '../../sources/load.ts';
import { loadForNodes } from '../../sources/load-nodes.ts';
import { openSources } from '../../sources/sources.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import {
  FILE_OPTIONS,
  TRANSLATING_OPTIONS,
  translatingOf,
  VERBOSE_OPTIONS,
} from '../declare/option-groups.ts';
import { flag, outputFormat, type ValuesOf } from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import { loadFiles } from '../load-valid.ts';

const OPTIONS = {
  ...FILE_OPTIONS,
  ...TRANSLATING_OPTIONS,
  output: outputFormat(ISSUE_FORMATS, 'text'),
  strict: flag('--strict', 'let warnings fail, too'),
  ...VERBOSE_OPTIONS,
};

export const validateVerb = defineVerb({
  name: 'validate',
  job: 'files',
  summary: 'check files',
  description: 'check files without touching any table; all problems at once',
  options: OPTIONS,
  exits: { ...FILE_EXITS, ok: 'valid' },
  examples: ['ipvstate validate -f ipvs.yaml', 'ipvstate validate -f conf.d --strict -o github'],
  run: async (options, environment) => {
    const { output, version } = environment;
    const { serviceCount, nodes, issues, sources, files } = await loadChecked(options, environment);
    const isValid = options.strict ? issues.length === 0 : !hasErrors(issues);
    const validation = {
      ...{ issues, sources, isValid, programVersion: version },
      ...{ fileCount: files.length, serviceCount, nodes },
    };
    output.print(ISSUE_FORMATS[options.output](validation, output.layout('stdout')));
    return isValid ? EXIT.ok : EXIT.config;
  },
});

/** A configuration that was read for the node that the options name, or for every node. */
interface Checked extends Pick<Loaded, 'issues' | 'sources' | 'files'> {
  /** undefined where the files are the same for all nodes. */
  readonly nodes?: readonly string[];
  /** undefined where an error hides the services, or where nodes have different ones. */
  readonly serviceCount: number | undefined;
}

async function loadChecked(
  options: ValuesOf<typeof OPTIONS>,
  environment: Environment,
): Promise<Checked> {
  const { file, node } = options;
  const reading = translatingOf(options);
  if (node !== undefined) {
    const loaded = await loadFiles(file, environment, reading);
    return { ...loaded, nodes: [node], serviceCount: loaded.desired?.services.size };
  }
  const { nodes, desired, ...loaded } = await environment.output.stage(
    'read-files',
    async () => {
      const documents = await readDocuments(openSources(file, environment.stdin));
      const onLongParse = (): void => environment.output.showStage('read-files');
      return loadForNodes(documents, { ...reading, onLongParse });
    },
    ({ files, desired: [only, ...others] }) => ({
      file: files.length,
      ...(only && others.length === 0 && countEntries(only[1])),
    }),
  );
  if (nodes.length > 1) return { ...loaded, nodes, serviceCount: undefined };
  return { ...loaded, serviceCount: desired.get(OTHER_NODE)?.services.size };
}
