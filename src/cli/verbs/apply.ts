import { IpvstateError } from '../../errors.ts';
import { openRollbackRecord } from '../../recovery/records/rollback-record.ts';
import { refuseWhilePending, withSession } from '../../recovery/session.ts';
import { settleEarlierRuns } from '../../recovery/try/try-end.ts';
import { type KernelWriter, withKernel } from '../../recovery/writer.ts';
import { countOf } from '../../render/count-of.ts';
import { exitCodeOfReport } from '../../render/exit.ts';
import type { ReportView } from '../../render/plan-formats.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { WRITE_EXITS } from '../declare/exit-groups.ts';
import { flag } from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import { refuseUnwritable, withTable } from '../open-table.ts';
import {
  APPLY_OPTIONS,
  type ApplyOptions,
  openSource,
  PLAN_ARGUMENTS,
  type PlanSource,
} from '../plan-source.ts';
import { printReport, runSource } from '../run-plan.ts';
import { type WaitResult, waitForDrains } from '../wait-drains.ts';

export const applyVerb = defineVerb({
  name: 'apply',
  job: 'change',
  summary: 'make the table as desired',
  description: 'make the table what the files, or a saved plan, say',
  arguments: PLAN_ARGUMENTS,
  options: {
    ...APPLY_OPTIONS,
    wait: flag('--wait', 'wait until removed destinations have drained, and delete them'),
  },
  exits: { ...WRITE_EXITS, ok: 'applied, or in sync' },
  examples: [
    'ipvstate apply -f ipvs.yaml',
    'ipvstate apply -f ipvs.yaml --only shop --yes',
    'ipvstate apply ipvs.plan',
  ],
  run: async (options, environment, { planFile }) => {
    if (options.wait && planFile !== undefined) {
      throw new IpvstateError(
        'USAGE',
        '--wait plans again while destinations drain: it needs -f in place of a saved plan',
      );
    }
    if (options.table !== undefined) await refuseUnwritable(options.table);
    const source = await openSource(planFile, options, environment);
    return options.table === undefined
      ? applyToKernel(source, options, environment)
      : applyToFile(source, options, environment);
  },
});

interface WaitOptions extends ApplyOptions {
  readonly wait: boolean;
}

async function applyToFile(
  source: PlanSource,
  options: ApplyOptions,
  environment: Environment,
): Promise<number> {
  return withTable(options.table, environment, async ({ ipvs, save, locate }) => {
    const writer = { ipvs, announce: async () => {} };
    const finished = await runSource(source, options, environment, writer, locate);
    if (finished.report.done > 0) await save();
    printReport(finished, options.output, environment);
    return finished.exitCode;
  });
}

async function applyToKernel(
  source: PlanSource,
  options: WaitOptions,
  environment: Environment,
): Promise<number> {
  return withSession('apply', options.lockTimeout, environment, async (opened) => {
    const session = await settleEarlierRuns(opened, environment);
    refuseWhilePending(session);
    const record = await openRollbackRecord(session, 'apply');
    return withKernel(session, environment, { verb: 'apply', ...record }, async (writer) => {
      const first = await runSource(source, options, environment, writer);
      const waits =
        options.wait && first.report.drains.length > 0 && first.report.error === undefined;
      if (waits && options.output === 'text') printReport(first, 'text', environment);
      const finished = waits ? await wait(first, source, options, environment, writer) : first;
      writer.journal.end(finished.report.outcome, finished.exitCode);
      await record.conclude(finished.report);
      if (!waits || options.output === 'json') printReport(finished, options.output, environment);
      return finished.exitCode;
    });
  });
}

async function wait(
  first: ReportView,
  source: PlanSource,
  options: ApplyOptions,
  environment: Environment,
  writer: KernelWriter,
): Promise<ReportView> {
  const { output } = environment;
  const { clock } = await environment.state();
  const signal = environment.interruption();
  const waited = await waitForDrains(first.report, {
    clock,
    signal,
    note: (line) => output.note(`${line}\n`),
    reconcileAgain: async (drains) => {
      const services = new Set(drains.map(({ service }) => service));
      return source.run(writer.ipvs, {
        onError: options.onError,
        signal,
        ...(writer.drains && { drains: writer.drains }),
        ...(writer.overrides && { overrides: writer.overrides }),
        ...(writer.health && { health: writer.health }),
        ...(writer.protection && { protectedServices: await writer.protection.read() }),
        only: () => (service) => services.has(service),
      });
    },
  });
  const { report } = waited;
  const isGood = report.outcome === first.report.outcome;
  const ownExitCode = isGood ? first.exitCode : exitCodeOfReport(report, false);
  const exitCode = signal.aborted ? (signal.reason as number) : ownExitCode;
  const finished = { ...first, report, exitCode };
  if (options.output === 'text') {
    if (!isGood) printReport(finished, 'text', environment);
    output.print(formatWaitResult(waited));
  }
  return finished;
}

function formatWaitResult({ report: { drains }, deletedCount }: WaitResult): string {
  const verb = drains.length === 1 ? 'drains' : 'drain';
  const left =
    drains.length === 0
      ? ''
      : ` ${countOf(drains.length, 'destination')} still ${verb}: a later apply continues.`;
  return `Drained and deleted: ${countOf(deletedCount, 'destination')}.${left}\n`;
}
