import { IpvstateError } from '../../errors.ts';
import type { Report } from '../../plan/report.ts';
import type { ReconcileOptions } from '../../reconcile/reconcile.ts';
import { formatTime } from '../../recovery/clock.ts';
import type { PendingTry } from '../../recovery/records/records.ts';
import { wayOverPasses } from '../../recovery/roll-back.ts';
import { rollBackKernel } from '../../recovery/roll-back-kernel.ts';
import { isExpired, reportCutOff, type Session, withSession } from '../../recovery/session.ts';
import { describeTry, rollBackTry, tellLastTry } from '../../recovery/try/try-end.ts';
import type { ChangesContext } from '../../render/changes.ts';
import { REPORT_FORMATS } from '../../render/plan-formats.ts';
import { defineVerb } from '../define-verb.ts';
import type { Environment } from '../environment.ts';
import { WRITE_EXITS } from '../exit-groups.ts';
import {
  CONFIRMATION_OPTIONS,
  LOCK_OPTIONS,
  NETNS_OPTIONS,
  PLAN_OPTIONS,
} from '../option-groups.ts';
import { outputFormat } from '../options.ts';
import { announcePlan } from '../print-plan.ts';
import { confirmOnTerminal, exitCodeOfRun, printReport, reachedDesired } from '../run-plan.ts';

export const rollbackVerb = defineVerb({
  name: 'rollback',
  job: 'change',
  summary: 'go back to before',
  description: 'roll back the last apply, or reject the pending try',
  options: {
    ...LOCK_OPTIONS,
    ...CONFIRMATION_OPTIONS,
    detailedExitcode: PLAN_OPTIONS.detailedExitcode,
    output: outputFormat(REPORT_FORMATS, 'text'),
    ...NETNS_OPTIONS,
  },
  exits: {
    ...WRITE_EXITS,
    ok: 'rolled back',
    refused: 'there is nothing to roll back, or the answer was "no"',
  },
  examples: ['ipvstate rollback', 'ipvstate rollback --yes --detailed-exitcode'],
  notes: [
    'Rolls back only entries that are still as the last apply left them, and names',
    'the others.',
  ],
  run: async (options, environment) =>
    withSession('rollback', options.lockTimeout, environment, async (session) => {
      reportCutOff(session);
      const { output } = environment;
      const signal = environment.interruption();
      let context: ChangesContext = { counters: new Map() };
      const reconcileOptions: ReconcileOptions = {
        signal,
        onProgress: (answered, total) =>
          output.progress(`rolled back ${answered} of ${total} operations`),
        onPlan: async (prepared) => {
          context = { counters: prepared.snapshot.counters, style: output.style('stdout') };
          announcePlan(prepared, options, context, environment);
        },
        confirm: (prepared) => confirmOnTerminal(prepared, options, environment),
      };
      const report = session.pending
        ? await rejectTry(session, session.pending, environment, reconcileOptions)
        : await rollBackLastApply(session, environment, reconcileOptions);
      const exitCode = exitCodeOfRun(report, options, signal);
      printReport({ report, exitCode, context }, options.output, environment);
      return exitCode;
    }),
});

async function rejectTry(
  session: Session,
  pending: PendingTry,
  environment: Environment,
  options: ReconcileOptions,
): Promise<Report> {
  const { state, records } = session;
  const { outcome, report } = await rollBackTry(
    session,
    environment,
    pending,
    isExpired(pending, state) ? 'timeout' : 'rejected',
    options,
  );
  if (report.outcome === 'declined') return report;
  environment.output.note(`ipvstate: ${describeTry(outcome, state.clock.now())}\n`);
  await records.outcome.write({ ...outcome, isTold: true }).catch(() => undefined);
  return report;
}

async function rollBackLastApply(
  session: Session,
  environment: Environment,
  options: ReconcileOptions,
): Promise<Report> {
  const { state, records } = session;
  await tellLastTry(session);
  const last = (await records.unfinished.readAndCleanUp()) ?? (await records.last.readAndCleanUp());
  if (!last) {
    throw new IpvstateError(
      'REFUSED',
      'nothing to roll back: no apply is on record since the last rollback or the last boot',
    );
  }
  const when = formatTime(new Date(last.started), state.clock.now());
  environment.output.note(`Rolling back to before the ${last.verb} of ${when}.\n`);
  const report = await rollBackKernel(
    session,
    environment,
    wayOverPasses(last.passes),
    { verb: 'rollback', trigger: 'command' },
    options,
  );
  if (reachedDesired(report)) {
    await records.unfinished.clear();
    await records.last.clear();
  }
  return report;
}
