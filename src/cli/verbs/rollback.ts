import { IpvstateError } from '../../errors.ts';
import type { Report } from '../../plan/report.ts';
import type { Prepared } from '../../reconcile/prepare.ts';
import type { ReconcileOptions } from '../../reconcile/reconcile.ts';
import { formatTime } from '../../recovery/clock.ts';
import { undoInKernel } from '../../recovery/journaled-undo.ts';
import { isExpired, reportCutOff, type Session, withSession } from '../../recovery/session.ts';
import { describeTry, tellLastTry, undoTry } from '../../recovery/try/try-end.ts';
import type { ChangesContext } from '../../render/changes.ts';
import { REPORT_FORMATS } from '../../render/plan-formats.ts';
import { confirmOnTerminal } from '../confirm.ts';
import { defineVerb } from '../define-verb.ts';
import type { Environment } from '../environment.ts';
import {
  CONFIRMATION_OPTIONS,
  LOCK_OPTIONS,
  NETNS_OPTIONS,
  PLAN_OPTIONS,
} from '../option-groups.ts';
import { outputFormat, type ValuesOf } from '../options.ts';
import { announcePlan } from '../print-plan.ts';
import { exitCodeOfRun, printReport, reachedDesired } from '../run-plan.ts';

const OPTIONS = {
  ...LOCK_OPTIONS,
  ...CONFIRMATION_OPTIONS,
  detailedExitcode: PLAN_OPTIONS.detailedExitcode,
  output: outputFormat(REPORT_FORMATS, 'text'),
  ...NETNS_OPTIONS,
};

type RollbackOptions = ValuesOf<typeof OPTIONS>;

export const rollbackVerb = defineVerb({
  name: 'rollback',
  summary: 'go back to before the last apply, or reject the pending try',
  options: OPTIONS,
  examples: ['ipvstate rollback'],
  notes: ['Undoes only what is still as the last apply left it, and says what is not.'],
  run: async (options, environment) => {
    const finished = await withSession(
      'rollback',
      options.lockTimeout,
      environment,
      async (session) => {
        reportCutOff(session);
        const signal = environment.interruption();
        const view = watch(options, environment, signal);
        const report = session.pending
          ? await reject(session, environment, view.options)
          : await goBack(session, environment, view.options);
        return {
          report,
          exitCode: exitCodeOfRun(report, options, signal),
          context: view.context(),
        };
      },
    );
    printReport(finished, options.output, environment);
    return finished.exitCode;
  },
});

interface View {
  readonly options: ReconcileOptions;
  readonly context: () => ChangesContext;
}

/** Shows the plan and asks, as apply does. */
function watch(options: RollbackOptions, environment: Environment, signal: AbortSignal): View {
  const { output } = environment;
  let context: ChangesContext = { counters: new Map() };
  return {
    context: () => context,
    options: {
      signal,
      onProgress: (answered, total) => output.progress(`undid ${answered} of ${total} operations`),
      onPlan: async (prepared: Prepared) => {
        context = { counters: prepared.snapshot.counters, style: output.style('stdout') };
        announcePlan(prepared, options, context, environment);
      },
      confirm: (prepared) => confirmOnTerminal(prepared, options, environment),
    },
  };
}

async function reject(
  session: Session,
  environment: Environment,
  options: ReconcileOptions,
): Promise<Report> {
  const { pending, state, records } = session;
  if (!pending) throw new Error('nothing is pending');
  const { outcome, report } = await undoTry(
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

async function goBack(
  session: Session,
  environment: Environment,
  options: ReconcileOptions,
): Promise<Report> {
  const { state, records } = session;
  await tellLastTry(session);
  const last = (await records.unfinished.take()) ?? (await records.last.take());
  if (!last) {
    throw new IpvstateError(
      'REFUSED',
      'nothing to roll back: no apply is on record since the last rollback or the last boot',
    );
  }
  environment.output.note(
    `Going back to before the ${last.verb} of ${formatTime(new Date(last.started), state.clock.now())}.\n`,
  );
  const report = await undoInKernel(
    session,
    environment,
    last.passes,
    { verb: 'rollback', trigger: 'command' },
    options,
  );
  if (reachedDesired(report)) {
    await records.unfinished.clear();
    await records.last.clear();
  }
  return report;
}
