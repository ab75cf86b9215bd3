import type { Prepared } from '../reconcile/prepare.ts';
import type { ChangesContext } from '../text/changes.ts';
import type { Output } from './output.ts';

export type PlanFormat = 'text' | 'json' | 'markdown' | 'ipvsadm';

export async function printPlan(prepared: Prepared, format: PlanFormat, context: ChangesContext, output: Output): Promise<void> {
  const { plan, refusals, snapshot } = prepared;
  switch (format) {
    case 'text': {
      const { formatPlan } = await import('../text/plan-text.ts');
      output.print(formatPlan(plan, refusals, snapshot, context));
      return;
    }
    case 'json': {
      const { planJson } = await import('../text/plan-json.ts');
      output.print(`${JSON.stringify(planJson(plan, refusals, context), undefined, 2)}\n`);
      return;
    }
    case 'markdown': {
      const { formatPlanMarkdown } = await import('../text/markdown.ts');
      output.print(formatPlanMarkdown(plan, refusals, context));
      return;
    }
    case 'ipvsadm': {
      const { formatOperationAsIpvsadm } = await import('../text/ipvsadm-lines.ts');
      const { formatRefusals } = await import('../text/plan-text.ts');
      output.print(plan.waves.flatMap(({ steps }) => steps.map(({ operation }) => `${formatOperationAsIpvsadm(operation)}\n`)).join(''));
      output.warn(formatRefusals(refusals, { style: output.style('stderr') }));
      return;
    }
    default:
      format satisfies never;
  }
}
