import { IpvstateError } from '../../errors.ts';
import { keepRecord } from '../../recovery/records/undo-record.ts';
import { refuseWhilePending, withSession } from '../../recovery/session.ts';
import { settleEarlierRuns } from '../../recovery/try/try-end.ts';
import { type KernelWriter, withKernel } from '../../recovery/writer.ts';
import { exitCodeOfReport } from '../../render/exit.ts';
import type { Environment } from '../environment.ts';
import { withTable } from '../open.ts';
import {
  type ApplyOptions,
  type Finished,
  openSource,
  printReport,
  runSource,
  type Source,
} from '../run-plan.ts';
import { type Waited, waitForDrains } from '../wait-drains.ts';

export interface ApplyVerbOptions extends ApplyOptions {
  /** For drains. */
  readonly wait?: boolean;
}

/** Makes the table what the files, or a saved plan, say. */
export async function apply(
  planFile: string | undefined,
  options: ApplyVerbOptions,
  environment: Environment,
): Promise<number> {
  if (options.wait && planFile !== undefined) {
    throw new IpvstateError(
      'USAGE',
      'a saved plan is applied once: to --wait for drains, what is desired must be known from -f',
    );
  }
  const source = await openSource(planFile, options, environment);
  if (options.table === undefined) return applyToKernel(source, options, environment);
  return withTable(options.table, environment, async ({ ipvs, save }) => {
    const finished = await runSource(source, options, environment, {
      ipvs,
      announce: async () => {},
    });
    if (finished.report.done > 0) await save();
    printReport(finished, options.output, environment);
    return finished.exitCode;
  });
}

async function applyToKernel(
  source: Source,
  options: ApplyVerbOptions,
  environment: Environment,
): Promise<number> {
  return withSession('apply', options.lockTimeout, environment, async (opened) => {
    const session = await settleEarlierRuns(opened, environment);
    refuseWhilePending(session);
    const record = await keepRecord(session, 'apply');
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
  first: Finished,
  source: Source,
  options: ApplyVerbOptions,
  environment: Environment,
  writer: KernelWriter,
): Promise<Finished> {
  const { output } = environment;
  const { clock } = await environment.state();
  const signal = environment.interruption();
  const waited = await waitForDrains(first.report, {
    clock,
    signal,
    tell: (line) => output.note(`${line}\n`),
    reconcileAgain: async (drains) => {
      const services = new Set(drains.map(({ service }) => service));
      return source.run(writer.ipvs, {
        onError: options.onError,
        signal,
        ...(writer.drains && { drains: writer.drains }),
        ...(writer.protection && { protectedServices: await writer.protection.read() }),
        only: () => (service) => services.has(service),
      });
    },
  });
  const { report } = waited;
  const isGood = report.outcome === first.report.outcome;
  const finished: Finished = {
    ...first,
    report,
    exitCode: signal.aborted
      ? (signal.reason as number)
      : isGood
        ? first.exitCode
        : exitCodeOfReport(report, false),
  };
  if (options.output === 'text') {
    if (!isGood) printReport(finished, 'text', environment);
    output.print(summary(waited));
  }
  return finished;
}

function summary({ report: { drains }, finished }: Waited): string {
  const many = (count: number): string => `${count} destination${count === 1 ? '' : 's'}`;
  const left =
    drains.length === 0
      ? ''
      : ` ${many(drains.length)} still drain${drains.length === 1 ? 's' : ''}: a later apply goes on with that.`;
  return `Drained and deleted: ${many(finished)}.${left}\n`;
}
