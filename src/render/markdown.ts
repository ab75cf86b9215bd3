import { type Change, changeAction } from '../plan/change.ts';
import { type ChangesContext, formatChanges, formatSummary } from './changes.ts';
import { formatDrains } from './drains.ts';
import { formatOverrides } from './overrides.ts';
import type { PlanView } from './plan-text.ts';
import { PLAIN } from './style.ts';
import { formatWarnings } from './warnings.ts';

/** GitHub takes comments of 65536 characters. The rest is for text that is put around the plan. */
const MAX_CHARACTERS = 60_000;
/** No line of a change is shorter. */
const MIN_LINE = 10;
/** The line about the changes that are not shown is shorter. */
const MISSING = 500;
const MAX_NOTES = 20;

/** Formats a plan as Markdown, for the comment of a merge request. */
export function formatPlanMarkdown({ plan, refusals }: PlanView, context: ChangesContext): string {
  const notes = quoteLines(
    formatWarnings({ ...context, style: PLAIN }) +
      formatDrains(context.drains?.values() ?? [], plan.changes) +
      formatOverrides(context.overrides?.values() ?? [], plan.changes),
  );
  if (plan.changes.length === 0) return ['### IPVS plan: no changes\n', ...notes].join('\n');
  const warnings = refusals.map(
    ({ guard, message, flag }) =>
      `> **Refused** by guard \`${guard}\`: ${message}. Accept with \`${flag}\`.\n`,
  );
  const head = [`### IPVS plan: ${formatSummary(plan.changes)}\n`, ...warnings, ...notes].join(
    '\n',
  );
  const diff = formatDiff(plan.changes, context, MAX_CHARACTERS - head.length);
  return `${head}\n\`\`\`diff\n${diff}\`\`\`\n`;
}

/** Formats as many changes as fit. When not all of them do, deletions come first. */
function formatDiff(changes: readonly Change[], context: ChangesContext, room: number): string {
  const format = (shown: readonly Change[]) => {
    const lines = formatChanges(shown, { ...context, style: PLAIN }).split('\n');
    return lines.map(asDiffLine).join('\n');
  };
  if (changes.length <= room / MIN_LINE) {
    const whole = format(changes);
    if (whole.length <= room) return whole;
  }
  const isDeleted = (change: Change) => changeAction(change) === 'delete';
  const sorted = [...changes.filter(isDeleted), ...changes.filter((change) => !isDeleted(change))];
  let fits = 0;
  let fitsNot = Math.min(changes.length, Math.ceil(room / MIN_LINE)) + 1;
  while (fitsNot - fits > 1) {
    const middle = Math.floor((fits + fitsNot) / 2);
    if (format(sorted.slice(0, middle)).length <= room - MISSING) fits = middle;
    else fitsNot = middle;
  }
  return `${format(sorted.slice(0, fits))}... not shown: ${formatSummary(sorted.slice(fits))}\n`;
}

/** Makes a paragraph of each note. The indented lines of a note are part of it. */
function quoteLines(text: string): string[] {
  const lines = text
    .replaceAll(/\n {4}/g, ' ')
    .split('\n')
    .slice(0, -1);
  const shown = lines.slice(0, MAX_NOTES);
  if (lines.length > shown.length) shown.push(`... ${lines.length - shown.length} more`);
  return shown.map((line) => `> ${line}\n`);
}

/** Moves the sign to the first column, where `diff` highlighting looks; an edit becomes `!`. */
function asDiffLine(line: string): string {
  const sign = /^\s*([+~-]) /.exec(line)?.[1];
  return sign === undefined ? line : `${sign === '~' ? '!' : sign} ${line.replace(`${sign} `, '')}`;
}
