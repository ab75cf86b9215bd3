import type { Desired } from '../model/desired.ts';
import { drainKey } from '../model/drain.ts';
import type { Change } from '../plan/change.ts';
import type { Prepared } from '../reconcile/prepare.ts';
import type { ChangesContext } from '../render/changes.ts';
import {
  formatPlanRemarks,
  PLAN_FORMATS,
  type PlanFormat,
  type ReportFormat,
} from '../render/plan-formats.ts';
import { type PlanView, piecesOfPlan } from '../render/plan-text.ts';
import type { Style } from '../render/style.ts';
import type { Environment } from './environment.ts';
import type { Output } from './output.ts';

/**
 * Gathers the details that texts show beside the changes: connection counts, names, places in the
 * files, and entries left alone. `desired` is undefined for a saved plan, which has no files, and
 * `locateLive` for the kernel's table.
 */
export function changesContext(
  desired: Desired | undefined,
  prepared: Prepared,
  style: Style,
  locateLive?: Desired['locate'],
): ChangesContext {
  const { snapshot, foreign, sysctlDifferences, warnings } = prepared;
  const drains = new Map(
    prepared.drains.map((drain) => [drainKey(drain.service, drain.destination), drain]),
  );
  const overrides = new Map(
    prepared.overrides.map((note) => [drainKey(note.service, note.destination), note]),
  );
  const { counters } = snapshot;
  const context = {
    ...{ counters, drains, overrides, foreign, sysctlDifferences, warnings, style },
    ...(locateLive && { locateLive }),
  };
  if (!desired) return context;
  const locate = (change: Change) => {
    if (change.object === 'service') return change.after && desired.locate(change.service);
    return change.object === 'destination' && change.after
      ? desired.locate(change.service, change.destination)
      : undefined;
  };
  return { ...context, names: desired.names, locate };
}

export function printPlan(
  prepared: Prepared,
  format: PlanFormat,
  context: ChangesContext,
  output: Output,
): void {
  if (format === 'text') printText(prepared, context, output);
  else output.print(PLAN_FORMATS[format](prepared, context));
  output.warn(formatPlanRemarks(format, prepared, { ...context, style: output.style('stderr') }));
}

/**
 * Prints a plan that is about to be executed, unless `--quiet` was given. A person who will be
 * asked must see the plan, so it goes to stderr when stdout is not a terminal, or does not have it.
 */
export function announcePlan(
  prepared: Prepared,
  options: { readonly output: ReportFormat; readonly yes: boolean },
  context: ChangesContext,
  { output, ask }: Environment,
): void {
  if (prepared.plan.changes.length === 0) return;
  const plan = { ...prepared, refusals: [] };
  const isShown = options.output === 'text' && !output.isQuiet;
  if (isShown) printText(plan, context, output);
  const isAsked = ask && !options.yes && prepared.refusals.length === 0;
  const isSeen = isShown && output.isTerminal('stdout');
  if (isAsked && !isSeen) printText(plan, context, output, 'stderr');
}

/** A terminal shows so many changes of a plan, and the sum of the others. */
const MOST_CHANGES = 500;

/** Prints a plan piece by piece: the text of 100,000 changes takes as much memory as the table. */
function printText(
  view: PlanView,
  context: ChangesContext,
  output: Output,
  stream: 'stdout' | 'stderr' = 'stdout',
): void {
  const style = output.style(stream);
  const limits = output.cutsLists(stream) ? { mostChanges: MOST_CHANGES } : {};
  for (const piece of piecesOfPlan(view, { ...context, ...limits, style })) {
    if (stream === 'stdout') output.print(piece);
    else output.warn(piece);
  }
}
