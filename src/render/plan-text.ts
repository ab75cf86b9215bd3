import type { Snapshot } from '../model/ipvs.ts';
import type { Refusal } from '../plan/guard.ts';
import type { Plan } from '../plan/plan.ts';
import type { Report } from '../plan/report.ts';
import { type ChangesContext, formatChanges, formatSummary } from './changes.ts';
import { formatDrains } from './drains.ts';
import { PLAIN } from './style.ts';
import { formatWarnings } from './warnings.ts';

/** A plan, the guards that refuse it, and the table that it is for. */
export interface PlanView {
  readonly plan: Plan;
  readonly refusals: readonly Refusal[];
  readonly snapshot: Snapshot;
}

/** Formats a plan for people: its changes, the entries left alone, and the sum. */
export function formatPlan(
  { plan, refusals, snapshot }: PlanView,
  context: ChangesContext,
): string {
  const drains = formatDrains(context.drains?.values() ?? [], plan.changes);
  const left =
    formatUnmanageable(snapshot) +
    formatForeign(snapshot, context) +
    drains +
    formatWarnings(context);
  if (plan.changes.length === 0)
    return `${left}No changes: the live table is as desired (${formatSize(plan)}).\n`;
  const operations = plan.waves.reduce((sum, { steps }) => sum + steps.length, 0);
  const sum = `Plan: ${formatSummary(plan.changes)} (${operations} operation${operations === 1 ? '' : 's'}).\n`;
  return `${formatChanges(plan.changes, context)}\n${left}${sum}${formatRefusals(refusals, context)}`;
}

/** Why a guard stopped the plan, what it is about, and how to accept it once. */
export function formatRefusals(
  refusals: readonly Refusal[],
  { style = PLAIN }: Pick<ChangesContext, 'style'>,
): string {
  return refusals
    .map(({ guard, message, flag, services }) => {
      const shown = services.slice(0, 5).join(', ');
      const about =
        services.length === 0
          ? ''
          : `\n    ${shown}${services.length > 5 ? ` and ${services.length - 5} more` : ''}`;
      return `${style.remove('refused')} by guard ${guard}: ${message}${about}\n    If that is what you want: ${flag}\n`;
    })
    .join('');
}

/** How a run ended, in a sentence or a few. */
export function formatReport(report: Report, context: ChangesContext): string {
  const { style = PLAIN } = context;
  const lines: string[] = [];
  for (const { error } of report.failures.slice(0, SHOWN_FAILURES)) {
    lines.push(`${style.remove('failed')}: ${error.message}`);
    if (error.hint) lines.push(`    ${error.hint}`);
  }
  const hidden = report.failures.length - SHOWN_FAILURES;
  if (hidden > 0) lines.push(`    and ${hidden} more failures`);
  if (report.error) lines.push(`${style.remove('failed')}: ${report.error.message}`);
  // Those of a plan with changes were shown with it.
  if (report.plan.changes.length === 0)
    lines.push(...formatWarnings(context).split('\n').slice(0, -1));
  const drains =
    report.outcome === 'applied' || report.outcome === 'in-sync'
      ? formatDrains(report.drains, [])
      : '';
  const text =
    lines.map((line) => `${line}\n`).join('') +
    formatRefusals(report.refusals, context) +
    conclude(report) +
    drains;
  if (report.differences.length === 0) return text;
  return `${text}Still different:\n${formatChanges(report.differences, { counters: new Map(), style })}`;
}

const SHOWN_FAILURES = 10;

function conclude({ outcome, plan, done, passes, contested }: Report): string {
  const operations = `${done} operation${done === 1 ? '' : 's'}`;
  switch (outcome) {
    case 'in-sync':
      return `No changes: the live table is as desired (${formatSize(plan)}).\n`;
    case 'applied':
      return `Applied and verified: ${operations}${passes > 1 ? ` in ${passes} passes, because the table changed meanwhile or a reply was lost` : ''}.\n`;
    case 'refused':
      return 'Nothing was changed.\n';
    case 'declined':
      return 'Declined. Nothing was changed.\n';
    case 'rolled-back':
      return done === 0
        ? 'Nothing was changed.\n'
        : `Rolled back: the ${operations} done before the failure ${done === 1 ? 'was' : 'were'} undone, and the table was verified.\n`;
    case 'partial': {
      const others =
        contested.length === 0
          ? ''
          : ` Changed by someone else meanwhile, and left alone: ${contested.join(', ')}.`;
      return `The table is between two states: ${operations} done.${others} Run \`ipvstate plan\` to see what is left to do.\n`;
    }
    case 'unverified':
      return `${done === 1 ? 'The operation was' : `All ${operations} were`} accepted, but the table reads back differently: another program writes to it.\n`;
    default:
      return outcome satisfies never;
  }
}

function formatUnmanageable({ unmanageable }: Snapshot): string {
  return unmanageable
    .map(
      ({ service, destination, reason }) =>
        `Left alone: ${destination ? `${destination} of ` : ''}${service} (${reason}, which no file can express)\n`,
    )
    .join('');
}

/** Those that are kept for what no file can express are listed by themselves. */
function formatForeign({ unmanageable }: Snapshot, { foreign }: ChangesContext): string {
  const listed = new Set<string>(unmanageable.map(({ service }) => service));
  const count = [...(foreign ?? [])].filter((key) => !listed.has(key)).length;
  return count === 0 ? '' : `${count} foreign service${count === 1 ? '' : 's'} left alone.\n`;
}

function formatSize({ desired }: Plan): string {
  let destinations = 0;
  for (const entry of desired.services.values()) destinations += entry.destinations.size;
  const services = desired.services.size;
  return `${services} service${services === 1 ? '' : 's'}, ${destinations} destination${destinations === 1 ? '' : 's'}`;
}
