import { formatOperationAsIpvsadm } from '../formats/ipvsadm/lines.ts';
import type { Prepared } from '../reconcile/prepare.ts';
import type { ChangesContext } from '../render/changes.ts';
import { formatPlanMarkdown } from '../render/markdown.ts';
import { planJson } from '../render/plan-json.ts';
import { formatPlan, formatRefusals } from '../render/plan-text.ts';
import { formatWarnings } from '../render/warnings.ts';
import type { Output } from './output.ts';

export type PlanFormat = 'text' | 'json' | 'markdown' | 'ipvsadm';

export function printPlan(
  prepared: Prepared,
  format: PlanFormat,
  context: ChangesContext,
  output: Output,
): void {
  const { plan, refusals, snapshot } = prepared;
  switch (format) {
    case 'text':
      output.print(formatPlan(plan, refusals, snapshot, context));
      return;
    case 'json':
      output.print(`${JSON.stringify(planJson(plan, refusals, context), undefined, 2)}\n`);
      return;
    case 'markdown':
      output.print(formatPlanMarkdown(plan, refusals, context));
      return;
    case 'ipvsadm':
      output.print(
        plan.waves
          .flatMap(({ steps }) =>
            steps.map(({ operation }) => `${formatOperationAsIpvsadm(operation)}\n`),
          )
          .join(''),
      );
      output.warn(formatWarnings({ ...context, style: output.style('stderr') }));
      output.warn(formatRefusals(refusals, { style: output.style('stderr') }));
      return;
    default:
      format satisfies never;
  }
}
