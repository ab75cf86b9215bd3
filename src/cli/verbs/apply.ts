import { IpvstateError } from '../../errors.ts';
import type { Desired } from '../../model/desired.ts';
import type { Ipvs } from '../../model/ipvs.ts';
import type { Report } from '../../plan/report.ts';
import type { OnError } from '../../reconcile/execute.ts';
import { executePlan, type ReconcileOptions, reconcile } from '../../reconcile/reconcile.ts';
import type { ChangesContext } from '../../text/changes.ts';
import { reportJson } from '../../text/plan-json.ts';
import { formatPlan, formatReport } from '../../text/plan-text.ts';
import { allowancesOf, type PlanOptions } from '../arguments.ts';
import { changesContext } from '../changes-context.ts';
import { confirmOnTerminal } from '../confirm.ts';
import type { Environment } from '../environment.ts';
import { exitCodeOfReport } from '../exit.ts';
import { loadValid } from '../load-valid.ts';
import { withTable } from '../open.ts';
import type { Output } from '../output.ts';
import { printPlan } from '../print-plan.ts';
import { parseSelectors } from '../selector.ts';

export interface ApplyOptions extends PlanOptions {
  readonly output: 'text' | 'json';
  readonly onError: OnError;
  readonly yes?: boolean;
  /** Commander's spelling of `--no-input`. */
  readonly input: boolean;
}

/** Makes the table what the files, or a saved plan, say. */
export async function apply(planFile: string | undefined, options: ApplyOptions, environment: Environment): Promise<number> {
  const { desired, run } = planFile === undefined ? await fromFiles(options, environment) : await fromPlan(planFile, options);
  const { output } = environment;
  const signal = environment.interruption();
  let context: ChangesContext = { counters: new Map() };
  return withTable(options.table, environment, async ({ ipvs, save }) => {
    const report = await run(ipvs, {
      onError: options.onError,
      signal,
      onProgress: (answered, total) => output.progress(`applied ${answered} of ${total} operations`),
      onPlan: async (prepared) => {
        context = changesContext(desired, prepared.snapshot, output.style('stdout'));
        const isShown = options.output === 'text' && prepared.plan.changes.length > 0;
        if (isShown) printPlan({ ...prepared, refusals: [] }, 'text', context, output);
        // Nobody can answer for what went into a file.
        const isSeen = options.output === 'text' && output.isTerminal('stdout');
        if (environment.ask && !options.yes && !isSeen) {
          output.warn(formatPlan(prepared.plan, [], prepared.snapshot, { ...context, style: output.style('stderr') }));
        }
      },
      confirm: (prepared) => confirmOnTerminal(prepared, options, environment),
    });
    if (report.done > 0) await save();
    return conclude(report, options, context, output, signal);
  });
}

type Run = (ipvs: Ipvs, options: ReconcileOptions) => Promise<Report>;

async function fromFiles(options: ApplyOptions, environment: Environment): Promise<{ desired: Desired; run: Run }> {
  const { desired } = await loadValid(options.file, environment);
  const prepareOptions = {
    allowances: allowancesOf(options),
    only: (live: Parameters<typeof parseSelectors>[2]) => parseSelectors(options.only, desired, live),
  };
  return { desired, run: (ipvs, rest) => reconcile(ipvs, desired, { ...prepareOptions, ...rest }) };
}

async function fromPlan(path: string, options: ApplyOptions): Promise<{ desired: undefined; run: Run }> {
  const accepts = Object.values(allowancesOf(options)).some((value) => value !== false);
  if (options.file.length > 0 || options.only.length > 0 || accepts) {
    throw new IpvstateError('USAGE', 'a saved plan is applied as it is: -f, --only and the guard flags belong to `ipvstate plan --save`');
  }
  const { readSavedPlan, resumePlan } = await import('../saved-plan.ts');
  const saved = await readSavedPlan(path);
  const run: Run = async (ipvs, rest) => {
    const snapshot = await ipvs.read();
    return executePlan(ipvs, await resumePlan(saved, path, snapshot), snapshot, rest);
  };
  return { desired: undefined, run };
}

async function conclude(
  report: Report,
  options: ApplyOptions,
  context: ChangesContext,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const isCutShort = signal.aborted && report.outcome !== 'applied' && report.outcome !== 'in-sync';
  const exitCode = isCutShort ? (signal.reason as number) : exitCodeOfReport(report, options.detailedExitcode ?? false);
  if (options.output === 'json') {
    output.print(`${JSON.stringify(reportJson(report, exitCode, context), undefined, 2)}\n`);
  } else {
    output.print(formatReport(report, context));
  }
  return exitCode;
}
