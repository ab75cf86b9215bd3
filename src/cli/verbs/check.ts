import { parseSelectors } from '../../plan/selector.ts';
import { prepare } from '../../reconcile/prepare.ts';
import { noteUnknownSysctls, policyStores } from '../../recovery/policy-stores.ts';
import { formatChanges, formatSummary } from '../../render/changes.ts';
import { EXIT } from '../../render/exit.ts';
import { planJson } from '../../render/plan-json.ts';
import { formatWarnings } from '../../render/warnings.ts';
import type { PlanOptions } from '../arguments.ts';
import { changesContext } from '../changes-context.ts';
import type { Environment } from '../environment.ts';
import { loadValid } from '../load-valid.ts';
import { withTable } from '../open.ts';

export interface CheckOptions extends PlanOptions {
  readonly output: 'text' | 'json';
}

/** Whether the live table is as the files say, for cron and monitoring. */
export async function check(options: CheckOptions, environment: Environment): Promise<number> {
  const { desired } = await loadValid(options.file, environment);
  noteUnknownSysctls(desired, options.table, environment);
  return withTable(options.table, environment, async ({ ipvs }) => {
    const prepared = await prepare(ipvs, desired, {
      only: (live) => parseSelectors(options.only, desired, live),
      confirmsAll: true,
      ...(await policyStores(options.table, environment)),
    });
    const { plan, sysctlDifferences } = prepared;
    const { output } = environment;
    const context = changesContext(desired, prepared, output.style('stdout'));
    const isInSync = plan.changes.length === 0 && sysctlDifferences.length === 0;
    if (options.output === 'json') {
      output.print(`${JSON.stringify(planJson(plan, [], context), undefined, 2)}\n`);
    } else if (isInSync) {
      output.print(
        `${formatWarnings(context)}In sync: ${desired.services.size} service${desired.services.size === 1 ? '' : 's'} as desired.\n`,
      );
    } else {
      const sysctls = sysctlDifferences.length;
      const parts = [
        ...(plan.changes.length > 0 ? [formatSummary(plan.changes)] : []),
        ...(sysctls > 0 ? [`${sysctls} checked sysctl${sysctls === 1 ? '' : 's'} different`] : []),
      ];
      const changes = plan.changes.length > 0 ? `${formatChanges(plan.changes, context)}\n` : '';
      output.print(`${changes}${formatWarnings(context)}Not in sync: ${parts.join(', ')}.\n`);
    }
    return isInSync ? EXIT.ok : EXIT.changes;
  });
}
