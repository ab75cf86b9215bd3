import { formatOperationAsIpvsadm } from '../formats/ipvsadm/lines.ts';
import type { Report } from '../plan/report.ts';
import type { ChangesContext } from './changes.ts';
import { formatJson, type Json } from './json.ts';
import { formatPlanMarkdown } from './markdown.ts';
import { planJson, reportJson } from './plan-json.ts';
import { formatPlan, formatRefusals, formatReport, type PlanView } from './plan-text.ts';
import { formatWarnings } from './warnings.ts';

type PlanFormatter = (view: PlanView, context: ChangesContext) => string;

/** Every output format of a plan. */
export const PLAN_FORMATS = {
  text: formatPlan,
  json: ({ plan, refusals }, context) => formatJson(planJson(plan, refusals, context)),
  markdown: formatPlanMarkdown,
  ipvsadm: formatPlanAsIpvsadm,
} satisfies Record<string, PlanFormatter>;

export type PlanFormat = keyof typeof PLAN_FORMATS;

/** Formats a plan as ipvsadm command lines. */
function formatPlanAsIpvsadm({ plan }: PlanView): string {
  return plan.waves
    .flatMap(({ steps }) => steps)
    .map(({ operation }) => `${formatOperationAsIpvsadm(operation)}\n`)
    .join('');
}

/** Formats the warnings and refusals that a format cannot hold. They belong on stderr. */
export function formatPlanRemarks(
  format: PlanFormat,
  { refusals }: PlanView,
  context: ChangesContext,
): string {
  if (format !== 'ipvsadm') return '';
  return formatWarnings(context) + formatRefusals(refusals, context);
}

/** A report and the details that its formats show beside it. */
export interface ReportView {
  readonly report: Report;
  readonly exitCode: number;
  readonly context: ChangesContext;
  /** Member `try` of the JSON document. */
  readonly try?: Json;
}

/** Every output format of a report. */
export const REPORT_FORMATS = {
  text: ({ report, context }: ReportView) => formatReport(report, context),
  json: ({ report, exitCode, context, ...rest }: ReportView) =>
    formatJson({ ...reportJson(report, exitCode, context), ...rest }),
};

export type ReportFormat = keyof typeof REPORT_FORMATS;
