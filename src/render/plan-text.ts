import type { Snapshot } from '../model/ipvs.ts';
import type { Refusal } from '../plan/guard.ts';
import type { Plan } from '../plan/plan.ts';
import type { KeptReport } from '../plan/report.ts';
import { type ChangesContext, formatChanges, formatSummary, piecesOfChanges } from './changes.ts';
import { countOf } from './count-of.ts';
import { formatDrains } from './drains.ts';
import { formatOverrides } from './overrides.ts';
import { PLAIN } from './style.ts';
import { formatWarnings } from './warnings.ts';

/** A plan, the guards that refuse it, and the table that it is for. */
export interface PlanView {
  readonly plan: Plan;
  readonly refusals: readonly Refusal[];
  readonly snapshot: Snapshot;
}

/** Formats a plan for people: its changes, the entries left alone, and the sum. */
export function formatPlan(view: PlanView, context: ChangesContext): string {
  return [...piecesOfPlan(view, context)].join('');
}

/** Formats a plan as `formatPlan` does, in pieces. */
export function* piecesOfPlan(
  { plan, refusals, snapshot }: PlanView,
  context: ChangesContext,
): Generator<string> {
  const drains = formatDrains(context.drains?.values() ?? [], plan.changes);
  const left =
    formatUnmanageable(snapshot) +
    formatForeign(snapshot, context) +
    drains +
    formatOverrides(context.overrides?.values() ?? [], plan.changes) +
    formatWarnings(context);
  if (plan.changes.length === 0) {
    yield `${left}No changes: the live table is as desired (${formatSize(plan)}).\n`;
    return;
  }
  const operations = plan.waves.reduce((sum, { steps }) => sum + steps.length, 0);
  const sum = `Plan: ${formatSummary(plan.changes)} (${countOf(operations, 'operation')}).\n`;
  yield* piecesOfChanges(plan.changes, context);
  yield `\n${left}${sum}${formatRefusals(refusals, context)}`;
}

/** How refusals are shown. */
export interface RefusalsContext extends Pick<ChangesContext, 'style'> {
  /** The plan that a daemon holds back, as `approve` takes it. A command has no such plan. */
  readonly heldBack?: string | undefined;
}

/** Formats refusals: the guard, its reason, the services, and the way to allow the plan. */
export function formatRefusals(
  refusals: readonly Refusal[],
  { style = PLAIN, heldBack }: RefusalsContext,
): string {
  const reasons = refusals
    .map(({ guard, message, flag, services }) => {
      const shown = services.slice(0, 5).join(', ');
      const about =
        services.length === 0
          ? ''
          : `\n    ${shown}${services.length > 5 ? ` and ${services.length - 5} more` : ''}`;
      const reason = `${style.remove('refused')} by guard ${guard}: ${message}${about}`;
      return heldBack === undefined ? `${reason}\n${wanted(flag)}` : `${reason}\n`;
    })
    .join('');
  const isHeldBack = heldBack !== undefined && refusals.length > 0;
  return isHeldBack ? reasons + wanted(`ipvstate approve ${heldBack}`) : reasons;
}

function wanted(way: string): string {
  return `    If that is what you want: ${way}\n`;
}

/** Formats the end of a run in one sentence or a few. */
export function formatReport(
  report: KeptReport,
  context: ChangesContext & RefusalsContext,
): string {
  const { style = PLAIN } = context;
  const lines: string[] = [];
  const hints = new Set<string>();
  for (const { error } of report.failures.slice(0, SHOWN_FAILURES)) {
    lines.push(`${style.remove('failed')}: ${error.message}`);
    if (error.hint && !hints.has(error.hint)) lines.push(`    ${error.hint}`);
    if (error.hint) hints.add(error.hint);
  }
  const hidden = report.failures.length - SHOWN_FAILURES;
  if (hidden > 0) lines.push(`    and ${hidden} more failures`);
  if (report.error) lines.push(`${style.remove('failed')}: ${report.error.message}`);
  // The warnings of a plan with changes were shown with the plan.
  if (report.plan.changes.length === 0)
    lines.push(...formatWarnings(context).split('\n').slice(0, -1));
  const drains =
    report.outcome === 'applied' || report.outcome === 'in-sync'
      ? formatDrains(report.drains, [])
      : '';
  // The overrides of a plan with changes were shown with the plan as well.
  const overrides = report.outcome === 'in-sync' ? formatOverrides(report.overrides, []) : '';
  const text =
    lines.map((line) => `${line}\n`).join('') +
    formatRefusals(report.refusals, context) +
    formatOutcome(report) +
    drains +
    overrides;
  if (report.differences.length === 0) return text;
  const differences = formatChanges(report.differences, { counters: new Map(), style });
  return `${text}Still different:\n${differences}`;
}

const SHOWN_FAILURES = 10;

function formatOutcome(report: KeptReport): string {
  const { outcome, plan, done, drained, passes, contested } = report;
  const operations = countOf(done, 'operation');
  switch (outcome) {
    case 'in-sync':
      return `No changes: the live table is as desired (${formatSize(plan)}).\n`;
    case 'applied': {
      const why = 'because the table changed meanwhile or a reply was lost';
      const again = passes > 1 ? ` in ${passes} passes, ${why}` : '';
      const ended = drained
        ? `, and ${countOf(drained.destinations, 'drained destination')} deleted`
        : '';
      const planned = countOf(done - (drained?.operations ?? 0), 'operation');
      return `Applied and verified: ${planned}${again}${ended}.\n`;
    }
    case 'refused':
      return 'Nothing was changed.\n';
    case 'declined':
      return 'Declined. Nothing was changed.\n';
    case 'rolled-back': {
      if (done === 0) return 'Refused; nothing was changed.\n';
      const verb = done === 1 ? 'was' : 'were';
      const event = `the ${operations} before the failure ${verb} rolled back`;
      return `Rolled back: ${event}, and the table was verified.\n`;
    }
    case 'partial': {
      const others =
        contested.length === 0
          ? ''
          : ` Changed by another program meanwhile, and left alone: ${contested.join(', ')}.`;
      if (done === 0 && others === '') return 'Nothing was changed.\n';
      const advice = 'Run `ipvstate plan` to see what is left to do.';
      return `The table is between two states: ${operations} done.${others} ${advice}\n`;
    }
    case 'unverified': {
      const accepted = done === 1 ? 'The operation was' : `All ${operations} were`;
      const cause = 'but the table reads back differently: another program writes to it';
      return `${accepted} accepted, ${cause}.\n`;
    }
    default:
      return outcome satisfies never;
  }
}

function formatUnmanageable({ unmanageable }: Snapshot): string {
  return unmanageable
    .map(({ service, destination, reason }) => {
      const entry = destination ? `${destination} of ${service}` : service;
      return `Left alone: ${entry} (${reason}, which no file can express)\n`;
    })
    .join('');
}

/** Counts foreign services. formatUnmanageable lists the others that are left alone. */
function formatForeign({ unmanageable }: Snapshot, { foreign }: ChangesContext): string {
  const listed = new Set<string>(unmanageable.map(({ service }) => service));
  const count = [...(foreign ?? [])].filter((key) => !listed.has(key)).length;
  return count === 0 ? '' : `${countOf(count, 'foreign service')} left alone.\n`;
}

function formatSize({ desired }: Pick<Plan, 'desired'>): string {
  let destinations = 0;
  for (const entry of desired.services.values()) destinations += entry.destinations.size;
  return `${countOf(desired.services.size, 'service')}, ${countOf(destinations, 'destination')}`;
}
