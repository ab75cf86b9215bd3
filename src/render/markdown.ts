import { type ChangesContext, formatChanges, formatSummary } from './changes.ts';
import { formatDrains } from './drains.ts';
import type { PlanView } from './plan-text.ts';
import { PLAIN } from './style.ts';
import { formatWarnings } from './warnings.ts';

/** Keeps the comment of a merge request below the usual limit of 64 KiB. */
const MAX_LINES = 400;
const MAX_NOTES = 20;

/** Formats a plan as Markdown, for the comment of a merge request. */
export function formatPlanMarkdown({ plan, refusals }: PlanView, context: ChangesContext): string {
  const notes = quoteLines(
    formatWarnings({ ...context, style: PLAIN }) +
      formatDrains(context.drains?.values() ?? [], plan.changes),
  );
  if (plan.changes.length === 0) return ['### IPVS plan: no changes\n', ...notes].join('\n');
  const lines = formatChanges(plan.changes, { ...context, style: PLAIN })
    .trimEnd()
    .split('\n');
  const shown = lines.slice(0, MAX_LINES);
  if (lines.length > shown.length) shown.push(`... ${lines.length - shown.length} more lines`);
  const warnings = refusals.map(
    ({ guard, message, flag }) =>
      `> **Refused** by guard \`${guard}\`: ${message}. Accept with \`${flag}\`.\n`,
  );
  const blocks = [
    `### IPVS plan: ${formatSummary(plan.changes)}\n`,
    ...warnings,
    ...notes,
    `\`\`\`diff\n${shown.map(asDiffLine).join('\n')}\n\`\`\`\n`,
  ];
  return blocks.join('\n');
}

function quoteLines(text: string): string[] {
  const lines = text.split('\n').slice(0, -1);
  const shown = lines.slice(0, MAX_NOTES);
  if (lines.length > shown.length) shown.push(`... ${lines.length - shown.length} more`);
  return shown.map((line) => `> ${line}\n`);
}

/** Moves the sign to the first column, where `diff` highlighting looks; an edit becomes `!`. */
function asDiffLine(line: string): string {
  const sign = /^\s*([+~-]) /.exec(line)?.[1];
  return sign === undefined ? line : `${sign === '~' ? '!' : sign} ${line.replace(`${sign} `, '')}`;
}
