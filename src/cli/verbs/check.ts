import type { Desired } from '../../model/desired.ts';
import { parseSelectors } from '../../plan/scope.ts';
import { type Prepared, prepare } from '../../reconcile/prepare.ts';
import { noteUnknownSysctls, policyStores } from '../../recovery/policy-stores.ts';
import { type ChangesContext, formatChanges, formatSummary } from '../../render/changes.ts';
import { countOf } from '../../render/count-of.ts';
import { EXIT } from '../../render/exit.ts';
import { formatJson } from '../../render/json.ts';
import { formatOverrides } from '../../render/overrides.ts';
import { planJson } from '../../render/plan-json.ts';
import { formatWarnings } from '../../render/warnings.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { TABLE_EXITS } from '../declare/exit-groups.ts';
import {
  FILE_OPTIONS,
  FORMAT_OPTIONS,
  OVERRIDE_PLAN_OPTIONS,
  readingOf,
  TABLE_OPTIONS,
  VERBOSE_OPTIONS,
} from '../declare/option-groups.ts';
import { outputFormat, repeated } from '../declare/options.ts';
import { loadValid } from '../load-valid.ts';
import { withTable } from '../open-table.ts';
import { changesContext } from '../print-plan.ts';

const COMPARISON_FORMATS = {
  text: formatComparison,
  json: ({ plan }: Prepared, context: ChangesContext) => formatJson(planJson(plan, [], context)),
};

export const checkVerb = defineVerb({
  name: 'check',
  job: 'look',
  summary: 'exit 2 on differences',
  description: 'compare the live table with the files: exit 2 when they differ',
  options: {
    ...FILE_OPTIONS,
    ...FORMAT_OPTIONS,
    ...TABLE_OPTIONS,
    only: repeated('--only <service>', 'compare only this service (repeatable)'),
    ...OVERRIDE_PLAN_OPTIONS,
    output: outputFormat(COMPARISON_FORMATS, 'text'),
    ...VERBOSE_OPTIONS,
  },
  exits: { ...TABLE_EXITS, ok: 'in sync', changes: 'the live table differs from the files' },
  examples: [
    "ipvstate check -f ipvs.yaml; test $? -eq 2 && logger 'IPVS has drifted'",
    'ipvstate check -f ipvs.yaml -o json',
  ],
  run: async (options, environment) => {
    const { desired } = await loadValid(options.file, environment, readingOf(options));
    noteUnknownSysctls(desired, options.table, environment);
    return withTable(options.table, environment, async ({ ipvs, locate }) => {
      const prepared = await prepare(ipvs, desired, {
        only: (live) => parseSelectors(options.only, desired, live),
        confirmsAll: true,
        stage: environment.output.stage,
        ignoresOverrides: options.ignoreOverrides,
        ...(await policyStores(options.table, environment)),
      });
      const { output } = environment;
      const context = changesContext(desired, prepared, output.style('stdout'), locate);
      output.print(COMPARISON_FORMATS[options.output](prepared, context, desired));
      return isInSync(prepared) ? EXIT.ok : EXIT.changes;
    });
  },
});

function isInSync({ plan, sysctlDifferences }: Prepared): boolean {
  return plan.changes.length === 0 && sysctlDifferences.length === 0;
}

function formatComparison(prepared: Prepared, context: ChangesContext, desired: Desired): string {
  const { plan, sysctlDifferences } = prepared;
  const left = formatOverrides(prepared.overrides, plan.changes) + formatWarnings(context);
  if (isInSync(prepared))
    return `${left}In sync: ${countOf(desired.services.size, 'service')} as desired.\n`;
  const differences: string[] = [];
  if (plan.changes.length > 0) differences.push(formatSummary(plan.changes));
  if (sysctlDifferences.length > 0)
    differences.push(`${countOf(sysctlDifferences.length, 'checked sysctl')} different`);
  const changes = plan.changes.length > 0 ? `${formatChanges(plan.changes, context)}\n` : '';
  return `${changes}${left}Not in sync: ${differences.join(', ')}.\n`;
}
