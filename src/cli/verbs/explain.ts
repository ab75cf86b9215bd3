import { IpvstateError } from '../../errors.ts';
import { isServiceAddress } from '../../plan/find-service.ts';
import { EXIT } from '../../render/exit.ts';
import { formatExplanationJson } from '../../render/explain/explanation-json.ts';
import { formatExplanation } from '../../render/explain/explanation-text.ts';
import type { Loaded } from '../../sources/load.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import {
  CONTROL_OPTIONS,
  FILE_OPTIONS,
  readingOf,
  TABLE_OPTIONS,
  VERBOSE_OPTIONS,
} from '../declare/option-groups.ts';
import {
  optionalArgument,
  outputFormat,
  requiredArgument,
  type ValuesOf,
} from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import { formatKey, formatKeyJson } from '../explain/key.ts';
import { readLive } from '../explain/live.ts';
import { explainService } from '../explain/service.ts';
import { findKeyOrService } from '../explain/subject.ts';
import { loadFiles, requireValid } from '../load-valid.ts';

const EXPLANATION_FORMATS = {
  text: { object: formatExplanation, key: formatKey },
  json: { object: formatExplanationJson, key: formatKeyJson },
};

export const explainVerb = defineVerb({
  name: 'explain',
  job: 'files',
  summary: 'where a value comes from',
  description:
    'show each value of a service or a destination: where it was written, what is live, and ' +
    'what acts on it; or describe a key of the configuration',
  arguments: {
    subject: requiredArgument(
      'service',
      'an address such as tcp://192.0.2.10:443, or a name; or a key such as services.scheduler',
    ),
    destination: optionalArgument('destination', 'an address of a destination of this service'),
  },
  options: {
    ...FILE_OPTIONS,
    ...TABLE_OPTIONS,
    controlSocket: CONTROL_OPTIONS.controlSocket,
    output: outputFormat(EXPLANATION_FORMATS, 'text'),
    ...VERBOSE_OPTIONS,
  },
  exits: { ...FILE_EXITS, ok: 'explained, also when the live values are not known' },
  examples: [
    'ipvstate explain shop -f ipvs.yaml',
    'ipvstate explain tcp://192.0.2.10:443 10.1.0.11 -f ipvs.yaml',
    'ipvstate explain services.destinations.weight',
  ],
  notes: ['`ipvstate explain config` lists the keys of the file.'],
  run: async (options, environment, { subject, destination }) => {
    const { output } = environment;
    const layout = output.layout('stdout');
    const format = EXPLANATION_FORMATS[options.output];
    const isService = destination !== undefined || isServiceAddress(subject);
    const files = await loadIfPossible(options, environment);
    const key = isService ? undefined : await findKeyOrService(subject, files);
    if (key) {
      output.print(format.key(key, layout));
      return EXIT.ok;
    }
    if (files instanceof IpvstateError) throw files;
    const valid = requireValid(files, environment);
    const live = await readLive(valid.desired, options, environment);
    const explanation = await explainService(subject, destination, valid, live);
    output.print(format.object(explanation, live.problem, layout));
    return EXIT.ok;
  },
});

/** Loads the files. A key can be described without any, so their error is a result. */
async function loadIfPossible(
  options: ValuesOf<typeof FILE_OPTIONS>,
  environment: Environment,
): Promise<Loaded | IpvstateError> {
  try {
    return await loadFiles(options.file, environment, readingOf(options));
  } catch (error) {
    if (error instanceof IpvstateError) return error;
    throw error;
  }
}
