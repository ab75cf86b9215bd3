import { EXIT } from '../../render/exit.ts';
import { formatPlanRemarks, PLAN_FORMATS } from '../../render/plan-formats.ts';
import { readStream } from '../../sources/read-stream.ts';
import { STDIN_NAME } from '../../sources/stdin.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import { outputFormat, requiredArgument } from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import type { SavedPlan } from '../saved-plan/plan-document.ts';
import { parseSavedPlan, readSavedPlan } from '../saved-plan/saved-plan.ts';
import { savedView } from '../saved-plan/saved-view.ts';

export const showVerb = defineVerb({
  name: 'show',
  job: 'look',
  summary: 'print a saved plan',
  description: 'print a saved plan as `plan` printed it, without the kernel and the files',
  arguments: {
    plan: requiredArgument('plan', 'a plan that `ipvstate plan --save` wrote; - is stdin'),
  },
  options: { output: outputFormat(PLAN_FORMATS, 'text') },
  exits: { ...FILE_EXITS, ok: 'printed', config: 'the file is no saved plan, or a damaged one' },
  examples: ['ipvstate show ipvs.plan', 'ipvstate show ipvs.plan -o markdown'],
  notes: ['`ipvstate apply PLAN` tells whether the plan still fits the table and the files.'],
  run: async (options, { output, stdin }, { plan: path }) => {
    const { view, context } = savedView(await readPlan(path, stdin), path);
    const styled = { ...context, style: output.style('stdout') };
    output.print(PLAN_FORMATS[options.output](view, styled));
    output.warn(
      formatPlanRemarks(options.output, view, { ...context, style: output.style('stderr') }),
    );
    return EXIT.ok;
  },
});

async function readPlan(path: string, stdin: Environment['stdin']): Promise<SavedPlan> {
  if (path !== '-') return readSavedPlan(path);
  return parseSavedPlan((await readStream(stdin(), STDIN_NAME)).toString('utf8'), STDIN_NAME);
}
