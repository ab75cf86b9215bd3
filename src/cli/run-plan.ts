import { IpvstateError } from '../errors.ts';
import type { Desired } from '../model/desired.ts';
import type { Table } from '../model/table.ts';
import { protectedAfter } from '../plan/protect.ts';
import type { Report } from '../plan/report.ts';
import type { Prepared } from '../reconcile/prepare.ts';
import { noteUnknownSysctls } from '../recovery/policy-stores.ts';
import type { Writer } from '../recovery/writer.ts';
import type { ChangesContext } from '../render/changes.ts';
import { exitCodeOfReport } from '../render/exit.ts';
import { REPORT_FORMATS, type ReportFormat, type ReportView } from '../render/plan-formats.ts';
import type { Environment } from './environment.ts';
import type { ApplyOptions, PlanSource } from './plan-source.ts';
import { announcePlan, changesContext } from './print-plan.ts';

/** Prints the plan of a source, asks a person at a terminal, and executes the plan. */
export async function runSource(
  source: PlanSource,
  options: ApplyOptions,
  environment: Environment,
  writer: Writer,
  locateLive?: Desired['locate'],
): Promise<ReportView> {
  const { output } = environment;
  const signal = environment.interruption();
  let context: ChangesContext = { counters: new Map() };
  noteUnknownSysctls(source.desired, options.table, environment);
  if (options.ignoreOverrides) await noteIgnored(writer, environment);
  const report = await source.run(writer.ipvs, {
    onError: options.onError,
    signal,
    stage: output.stage,
    ...(writer.drains && { drains: writer.drains }),
    ...(writer.overrides && { overrides: writer.overrides }),
    ...(writer.health && { health: writer.health }),
    ...(writer.protection && { protectedServices: await writer.protection.read() }),
    onProgress: (answered, total) => output.progress(`applied ${answered} of ${total} operations`),
    onPlan: async (prepared) => {
      context = changesContext(source.desired, prepared, output.style('stdout'), locateLive);
      announcePlan(prepared, options, context, environment);
    },
    confirm: async (prepared) => {
      if (!(await confirmOnTerminal(prepared, options, environment))) return false;
      const { plan, overrides } = prepared;
      await writer.announce(plan, source.files, source.names, overrides);
      return true;
    },
  });
  if (reachedDesired(report)) await keepProtected(source, report.plan.desired, writer, environment);
  return { report, exitCode: exitCodeOfRun(report, options, signal), context };
}

/** Prints a remark that overrides stay stored, although this run ignores them. */
async function noteIgnored({ overrides }: Writer, { output }: Environment): Promise<void> {
  if (((await overrides?.read())?.overrides.length ?? 0) === 0) return;
  output.note(
    'Overrides are ignored in this run, and in force again in the next one. ' +
      '`ipvstate overrides clear` ends them.\n',
  );
}

/** Asks a person at a terminal before a plan is executed. Without a terminal the answer is yes. */
export async function confirmOnTerminal(
  { plan }: Prepared,
  options: { readonly yes: boolean; readonly noInput: boolean },
  { ask }: Environment,
): Promise<boolean> {
  if (options.yes || !ask) return true;
  if (options.noInput) {
    throw new IpvstateError(
      'REFUSED',
      '--no-input forbids asking for confirmation; nothing was changed',
      { hint: 'Add --yes to execute the plan without being asked.' },
    );
  }
  const count = plan.waves.reduce((sum, { steps }) => sum + steps.length, 0);
  const operations = count === 1 ? 'this operation' : `these ${count} operations`;
  return /^y(?:es)?$/i.test((await ask(`Apply ${operations}? [y/N] `)).trim());
}

/** Tells whether the live table is as desired at the end of a run. */
export function reachedDesired({ outcome }: Report): boolean {
  return outcome === 'applied' || outcome === 'in-sync';
}

/** Exit code of a run. A signal that interrupted the run has its own exit code. */
export function exitCodeOfRun(
  report: Report,
  options: { readonly detailedExitcode: boolean },
  signal: AbortSignal,
): number {
  return signal.aborted && !reachedDesired(report)
    ? (signal.reason as number)
    : exitCodeOfReport(report, options.detailedExitcode);
}

async function keepProtected(
  { desired }: PlanSource,
  applied: Table,
  { protection }: Writer,
  { output }: Environment,
): Promise<void> {
  if (!protection) return;
  try {
    await protection.write(protectedAfter(await protection.read(), desired, applied));
  } catch (error) {
    if (!(error instanceof IpvstateError)) throw error;
    output.warn(`ipvstate: ${error.message}: only services that the files protect are protected\n`);
  }
}

export function printReport(view: ReportView, format: ReportFormat, { output }: Environment): void {
  output.print(REPORT_FORMATS[format](view));
}
