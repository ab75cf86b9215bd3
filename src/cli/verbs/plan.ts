import { parseSelectors } from '../../plan/scope.ts';
import { prepare } from '../../reconcile/prepare.ts';
import { noteUnknownSysctls, policyStores } from '../../recovery/policy-stores.ts';
import { EXIT } from '../../render/exit.ts';
import { PLAN_FORMATS } from '../../render/plan-formats.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { TABLE_EXITS } from '../declare/exit-groups.ts';
import { allowancesOf, PLAN_OPTIONS, readingOf } from '../declare/option-groups.ts';
import { outputFormat, text } from '../declare/options.ts';
import { loadValid } from '../load-valid.ts';
import { withTable } from '../open-table.ts';
import { changesContext, printPlan } from '../print-plan.ts';

export const planVerb = defineVerb({
  name: 'plan',
  job: 'change',
  summary: 'show what apply would do',
  description: 'show what apply would do',
  options: {
    ...PLAN_OPTIONS,
    output: outputFormat(PLAN_FORMATS, 'text'),
    save: text(
      '--save <file>',
      'write the plan, bound to the live table, for `ipvstate apply FILE`',
    ),
  },
  exits: {
    ...TABLE_EXITS,
    ok: 'a plan was made: with changes, or without',
    changes: 'there are changes (with --detailed-exitcode)',
    refused: 'a guard refuses the plan',
  },
  examples: [
    'ipvstate plan -f ipvs.yaml',
    'ipvstate plan -f ipvs.yaml --save ipvs.plan && ipvstate apply ipvs.plan',
    'ipvsadm -Sn > live.save; ipvstate plan -f ipvs.yaml --table live.save',
  ],
  run: async (options, environment) => {
    const { output } = environment;
    const loaded = await loadValid(options.file, environment, readingOf(options));
    const { desired } = loaded;
    noteUnknownSysctls(desired, options.table, environment);
    return withTable(options.table, environment, async ({ ipvs, locate }) => {
      const prepared = await prepare(ipvs, desired, {
        stage: output.stage,
        allowances: allowancesOf(options),
        ignoresOverrides: options.ignoreOverrides,
        only: (live) => parseSelectors(options.only, desired, live),
        ...(await policyStores(options.table, environment)),
      });
      const context = changesContext(desired, prepared, output.style('stdout'), locate);
      printPlan(prepared, options.output, context, output);
      const isRefused = prepared.refusals.length > 0;
      if (options.save !== undefined) {
        if (isRefused) output.note('Not saved: apply would refuse it.\n');
        else {
          const { namespaceOf, savePlan } = await import('../saved-plan/saved-plan.ts');
          const netns =
            options.table === undefined
              ? namespaceOf(await environment.state(), options.netns)
              : undefined;
          const { sources } = loaded;
          const { ignoreOverrides: ignoresOverrides } = options;
          await savePlan(options.save, prepared, context, { sources, netns, ignoresOverrides });
          output.note(`Saved. Execute it with: ipvstate apply ${options.save}\n`);
        }
      }
      if (isRefused) return EXIT.refused;
      return options.detailedExitcode && prepared.plan.changes.length > 0 ? EXIT.changes : EXIT.ok;
    });
  },
});
