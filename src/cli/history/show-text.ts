import { printable } from '../../model/printable.ts';
import type { Change } from '../../plan/change.ts';
import { formatDateTime, formatTime } from '../../recovery/clock.ts';
import type { JournalOverride } from '../../recovery/journal/journal-lines.ts';
import { formatChanges, formatSummary } from '../../render/changes.ts';
import { countOf } from '../../render/count-of.ts';
import { PLAIN } from '../../render/style.ts';
import {
  formatCaller,
  formatCommand,
  formatOperations,
  type Layout,
  operationCount,
} from './list-text.ts';
import type { RunSummary } from './summary.ts';

/**
 * Formats one run: who, when and why, then its plan as `plan` prints it. Without `changes`, the
 * operations stand in place of the plan.
 */
export function formatRun(
  run: RunSummary,
  changes: readonly Change[] | undefined,
  layout: Layout,
): string {
  return `${formatHead(run, layout)}\n${formatBody(run, changes, layout)}${formatFailures(run, layout)}`;
}

function formatHead(run: RunSummary, { style = PLAIN }: Layout): string {
  const { begin, ended, outcome, exitCode } = run;
  const begun = new Date(begin.time);
  const end = ended === undefined ? 'no end' : `ended ${formatTime(new Date(ended), begun)}`;
  const exit = exitCode === undefined ? '' : ` (exit code ${exitCode})`;
  const { caller } = begin;
  const rows: [string, string][] = [
    ['outcome', `${outcome}${exit}, ${operationCount(run)}`],
    ['begun', `${formatDateTime(begun)}, ${end}`],
    ...(caller
      ? ([
          ['by', `${formatCaller(caller)}, uid ${caller.uid}, pid ${begin.pid}`],
          ['command', formatCommand(caller.command)],
        ] satisfies [string, string][])
      : ([['by', `pid ${begin.pid}`]] satisfies [string, string][])),
    ['trigger', begin.trigger],
    ...(begin.by === undefined ? [] : ([['asked by', begin.by]] satisfies [string, string][])),
    ...(begin.overrides ?? []).map((it): [string, string] => ['override', describeOverride(it)]),
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(9)}${printable(value)}\n`);
  const files = begin.files.map(
    ({ path, sha256 }) => `  file     ${printable(path)}\n    sha256 ${printable(sha256)}\n`,
  );
  const title = `${begin.verb}, run ${begin.run}`;
  return `${style.strong(printable(title))}\n${[...lines, ...files].join('')}`;
}

function describeOverride(override: JournalOverride): string {
  const { service, destination, weight, owner, by, reason, until } = override;
  const end = until === undefined ? '' : ` until ${formatDateTime(new Date(until))}`;
  const why = reason === '' ? '' : `: ${reason}`;
  return `weight ${weight} of ${destination} of ${service}, by ${owner ?? by}${end}${why}`;
}

function formatBody(
  { names, operations }: RunSummary,
  changes: readonly Change[] | undefined,
  layout: Layout,
): string {
  if (!changes) {
    const why = 'The journal does not have all settings of this run. Its operations:\n';
    return `${why}${formatOperations(operations, layout)}`;
  }
  const context = {
    counters: new Map(),
    names,
    ...(layout.style && { style: layout.style }),
  };
  const sum = `Plan: ${formatSummary(changes)} (${countOf(operations.length, 'operation')}).\n`;
  return changes.length === 0
    ? 'No entry differs between before and after the run.\n'
    : `${formatChanges(changes, context)}\n${sum}`;
}

function formatFailures({ operations }: RunSummary, layout: Layout): string {
  const failed = operations.filter(({ result }) => result !== 'done');
  return failed.length === 0 ? '' : `Not done:\n${formatOperations(failed, layout)}`;
}
