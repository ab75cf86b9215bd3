import { prepare } from '../../reconcile/prepare.ts';
import { formatChanges, formatSummary } from '../../text/changes.ts';
import { planJson } from '../../text/plan-json.ts';
import type { PlanOptions } from '../arguments.ts';
import { changesContext } from '../changes-context.ts';
import type { Environment } from '../environment.ts';
import { EXIT } from '../exit.ts';
import { loadValid } from '../load-valid.ts';
import { withTable } from '../open.ts';
import { parseSelectors } from '../selector.ts';

export interface CheckOptions extends PlanOptions {
  readonly output: 'text' | 'json';
}

/** Whether the live table is as the files say, for cron and monitoring. */
export async function check(options: CheckOptions, environment: Environment): Promise<number> {
  const { desired } = await loadValid(options.file, environment);
  return withTable(options.table, environment, async ({ ipvs }) => {
    const { plan, snapshot } = await prepare(ipvs, desired, { only: (live) => parseSelectors(options.only, desired, live) });
    const { output } = environment;
    const context = changesContext(desired, snapshot, output.style('stdout'));
    if (options.output === 'json') {
      output.print(`${JSON.stringify(planJson(plan, [], context), undefined, 2)}\n`);
    } else if (plan.changes.length === 0) {
      output.print(`In sync: ${desired.services.size} service${desired.services.size === 1 ? '' : 's'} as desired.\n`);
    } else {
      output.print(`${formatChanges(plan.changes, context)}\nNot in sync: ${formatSummary(plan.changes)}.\n`);
    }
    return plan.changes.length === 0 ? EXIT.ok : EXIT.changes;
  });
}
