import { IpvstateError } from '../errors.ts';
import type { Desired } from '../model/desired.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { Table } from '../model/table.ts';
import { protectedAfter } from '../plan/protect.ts';
import type { Report } from '../plan/report.ts';
import { parseSelectors } from '../plan/selector.ts';
import type { OnError } from '../reconcile/execute.ts';
import type { Prepared } from '../reconcile/prepare.ts';
import { executePlan, type ReconcileOptions, reconcile } from '../reconcile/reconcile.ts';
import type { JournalFile } from '../recovery/journal/journal-lines.ts';
import { noteUnknownSysctls } from '../recovery/policy-stores.ts';
import type { Writer } from '../recovery/writer.ts';
import type { ChangesContext } from '../render/changes.ts';
import { exitCodeOfReport } from '../render/exit.ts';
import { type Json, reportJson } from '../render/plan-json.ts';
import { formatPlan, formatReport } from '../render/plan-text.ts';
import { allowancesOf, type PlanOptions } from './arguments.ts';
import { changesContext } from './changes-context.ts';
import { confirmOnTerminal } from './confirm.ts';
import type { Environment } from './environment.ts';
import { loadValid } from './load-valid.ts';
import { printPlan } from './print-plan.ts';
import { hasSysctls, readSavedPlan, resumePlan } from './saved-plan.ts';

export interface ApplyOptions extends PlanOptions {
  readonly output: 'text' | 'json';
  readonly onError: OnError;
  readonly yes?: boolean;
  /** Commander's spelling of `--no-input`. */
  readonly input: boolean;
  /** In seconds. */
  readonly lockTimeout: number;
}

/** What is to be applied: files, or a plan that was saved. */
export interface Source {
  /** undefined for a saved plan. */
  readonly desired: Desired | undefined;
  readonly files: () => Promise<readonly JournalFile[]>;
  readonly run: (ipvs: Ipvs, options: ReconcileOptions) => Promise<Report>;
}

/** How a run ended, and what its texts need. */
export interface Finished {
  readonly report: Report;
  readonly exitCode: number;
  readonly context: ChangesContext;
}

export async function openSource(
  planFile: string | undefined,
  options: ApplyOptions,
  environment: Environment,
): Promise<Source> {
  return planFile === undefined ? fromFiles(options, environment) : fromPlan(planFile, options);
}

async function fromFiles(options: ApplyOptions, environment: Environment): Promise<Source> {
  const { desired, sources } = await loadValid(options.file, environment);
  const prepareOptions = {
    allowances: allowancesOf(options),
    only: (live: Parameters<typeof parseSelectors>[2]) =>
      parseSelectors(options.only, desired, live),
  };
  return {
    desired,
    files: () => digests(sources),
    run: (ipvs, rest) => reconcile(ipvs, desired, { ...prepareOptions, ...rest }),
  };
}

/** Not needed by what only looks, so that its module is not loaded for it. */
async function digests(sources: ReadonlyMap<string, string>): Promise<JournalFile[]> {
  const { createHash } = await import('node:crypto');
  return [...sources].map(([path, text]) => ({
    path,
    sha256: createHash('sha256').update(text).digest('hex'),
  }));
}

async function fromPlan(path: string, options: ApplyOptions): Promise<Source> {
  const accepts = Object.values(allowancesOf(options)).some((value) => value !== false);
  if (options.file.length > 0 || options.only.length > 0 || accepts) {
    throw new IpvstateError(
      'USAGE',
      'a saved plan is applied as it is: -f, --only and the guard flags belong to `ipvstate plan --save`',
    );
  }
  const saved = await readSavedPlan(path);
  return {
    desired: undefined,
    files: async () => saved.saved.files,
    run: async (ipvs, rest) => {
      const snapshot = await ipvs.read({ sysctls: hasSysctls(saved) });
      return executePlan(ipvs, await resumePlan(saved, path, snapshot), snapshot, {
        ...rest,
        begin: saved.drains,
      });
    },
  };
}

/** Shows the plan, asks where a person sits at a terminal, and executes it. */
export async function runSource(
  source: Source,
  options: ApplyOptions,
  environment: Environment,
  writer: Writer,
): Promise<Finished> {
  const { output } = environment;
  const signal = environment.interruption();
  let context: ChangesContext = { counters: new Map() };
  noteUnknownSysctls(source.desired, options.table, environment);
  const report = await source.run(writer.ipvs, {
    onError: options.onError,
    signal,
    ...(writer.drains && { drains: writer.drains }),
    ...(writer.protection && { protectedServices: await writer.protection.read() }),
    onProgress: (answered, total) => output.progress(`applied ${answered} of ${total} operations`),
    onPlan: async (prepared) => {
      context = changesContext(source.desired, prepared, output.style('stdout'));
      showPlan(prepared, options, context, environment);
    },
    confirm: async (prepared) => {
      if (!(await confirmOnTerminal(prepared, options, environment))) return false;
      await writer.announce(prepared.plan, source.files);
      return true;
    },
  });
  if (report.outcome === 'applied' || report.outcome === 'in-sync')
    await keepProtected(source, report.plan.desired, writer, environment);
  const isCutShort = signal.aborted && report.outcome !== 'applied' && report.outcome !== 'in-sync';
  return {
    report,
    exitCode: isCutShort
      ? (signal.reason as number)
      : exitCodeOfReport(report, options.detailedExitcode ?? false),
    context,
  };
}

async function keepProtected(
  { desired }: Source,
  applied: Table,
  { protection }: Writer,
  { output }: Environment,
): Promise<void> {
  if (!protection) return;
  await protection
    .write(protectedAfter(await protection.read(), desired, applied))
    .catch((error: Error) => {
      output.warn(`ipvstate: ${error.message}: only what the files protect is protected\n`);
    });
}

type ShowOptions = Pick<ApplyOptions, 'output' | 'yes'>;

export function showPlan(
  prepared: Prepared,
  options: ShowOptions,
  context: ChangesContext,
  environment: Environment,
): void {
  const { output } = environment;
  const isShown = options.output === 'text' && prepared.plan.changes.length > 0;
  if (isShown) printPlan({ ...prepared, refusals: [] }, 'text', context, output);
  // Nobody can answer for what went into a file.
  const isSeen = options.output === 'text' && output.isTerminal('stdout');
  const isAsked =
    environment.ask &&
    !options.yes &&
    prepared.plan.changes.length > 0 &&
    prepared.refusals.length === 0;
  if (isAsked && !isSeen) {
    output.warn(
      formatPlan(prepared.plan, [], prepared.snapshot, {
        ...context,
        style: output.style('stderr'),
      }),
    );
  }
}

/** The report, as text or as JSON with `rest` added. */
export function printReport(
  { report, exitCode, context }: Finished,
  format: 'text' | 'json',
  { output }: Environment,
  rest: { readonly [key: string]: Json } = {},
): void {
  if (format === 'json')
    output.print(
      `${JSON.stringify({ ...reportJson(report, exitCode, context), ...rest }, undefined, 2)}\n`,
    );
  else output.print(formatReport(report, context));
}
