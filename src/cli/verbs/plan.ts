import { parseSelectors } from '../../plan/selector.ts';
import type { Prepared } from '../../reconcile/prepare.ts';
import { prepare } from '../../reconcile/prepare.ts';
import { noteUnknownSysctls, policyStores } from '../../recovery/policy-stores.ts';
import { EXIT } from '../../render/exit.ts';
import { allowancesOf, type PlanOptions } from '../arguments.ts';
import { changesContext } from '../changes-context.ts';
import type { Environment } from '../environment.ts';
import { loadValid } from '../load-valid.ts';
import { withTable } from '../open.ts';
import { printPlan } from '../print-plan.ts';

export interface PlanVerbOptions extends PlanOptions {
  readonly output: 'text' | 'json' | 'markdown' | 'ipvsadm';
  readonly save?: string;
}

/** Shows what `apply` would do, and writes nothing but, with `--save`, the plan itself. */
export async function planVerb(
  options: PlanVerbOptions,
  environment: Environment,
): Promise<number> {
  const loaded = await loadValid(options.file, environment);
  const { desired } = loaded;
  noteUnknownSysctls(desired, options.table, environment);
  return withTable(options.table, environment, async ({ ipvs }) => {
    const prepared: Prepared = await prepare(ipvs, desired, {
      allowances: allowancesOf(options),
      only: (live) => parseSelectors(options.only, desired, live),
      ...(await policyStores(options.table, environment)),
    });
    const context = changesContext(desired, prepared, environment.output.style('stdout'));
    printPlan(prepared, options.output, context, environment.output);
    if (prepared.refusals.length > 0) {
      if (options.save !== undefined)
        environment.output.note('Not saved: apply would refuse it.\n');
      return EXIT.refused;
    }
    if (options.save !== undefined) {
      const { savePlan } = await import('../saved-plan.ts');
      await savePlan(options.save, prepared.plan, context, loaded);
      environment.output.note(`Saved. Execute it with: ipvstate apply ${options.save}\n`);
    }
    return options.detailedExitcode && prepared.plan.changes.length > 0 ? EXIT.changes : EXIT.ok;
  });
}
