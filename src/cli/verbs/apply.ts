import type { Environment } from '../environment.ts';
import { withTable } from '../open.ts';
import { type ApplyOptions, type Finished, openSource, printReport, runSource, type Source } from '../run-plan.ts';
import { refuseWhilePending, withSession } from '../session.ts';
import { settleEarlierRuns } from '../try-end.ts';
import { keepRecord } from '../undo-record.ts';
import { withKernel } from '../writer.ts';

/** Makes the table what the files, or a saved plan, say. */
export async function apply(planFile: string | undefined, options: ApplyOptions, environment: Environment): Promise<number> {
  const source = await openSource(planFile, options, environment);
  const finished =
    options.table === undefined
      ? await applyToKernel(source, options, environment)
      : await withTable(options.table, environment, async ({ ipvs, save }) => {
          const run = await runSource(source, options, environment, { ipvs, announce: async () => {} });
          if (run.report.done > 0) await save();
          return run;
        });
  printReport(finished, options.output, environment);
  return finished.exitCode;
}

async function applyToKernel(source: Source, options: ApplyOptions, environment: Environment): Promise<Finished> {
  return withSession('apply', options.lockTimeout, environment, async (opened) => {
    const session = await settleEarlierRuns(opened, environment);
    refuseWhilePending(session);
    const record = await keepRecord(session, 'apply');
    return withKernel(session, environment, { verb: 'apply', ...record }, async (writer) => {
      const finished = await runSource(source, options, environment, writer);
      writer.journal.end(finished.report.outcome, finished.exitCode);
      await record.conclude(finished.report);
      return finished;
    });
  });
}
