import { IpvstateError } from '../../errors.ts';
import type { Prepared } from '../../reconcile/prepare.ts';
import type { ReconcileOptions } from '../../reconcile/reconcile.ts';
import { formatTime } from '../../recovery/clock.ts';
import { undoInKernel } from '../../recovery/journaled-undo.ts';
import { isExpired, reportCutOff, type Session, withSession } from '../../recovery/session.ts';
import { describeTry, tellLastTry, undoTry } from '../../recovery/try/try-end.ts';
import type { ChangesContext } from '../../render/changes.ts';
import { exitCodeOfReport } from '../../render/exit.ts';
import { confirmOnTerminal } from '../confirm.ts';
import type { Environment } from '../environment.ts';
import { type ApplyOptions, type Finished, printReport, showPlan } from '../run-plan.ts';

export type RollbackOptions = Pick<
  ApplyOptions,
  'output' | 'yes' | 'input' | 'lockTimeout' | 'detailedExitcode'
>;

/** Goes back to the state before the last apply, or rejects the pending try. Only what is still as it was left goes back. */
export async function rollback(
  options: RollbackOptions,
  environment: Environment,
): Promise<number> {
  const finished = await withSession(
    'rollback',
    options.lockTimeout,
    environment,
    async (session) => {
      reportCutOff(session);
      const view = watch(options, environment);
      const report = session.pending
        ? await reject(session, environment, view.options)
        : await goBack(session, environment, view.options);
      const { signal } = view.options;
      const isCutShort =
        signal?.aborted && report.outcome !== 'applied' && report.outcome !== 'in-sync';
      const exitCode = isCutShort
        ? (signal?.reason as number)
        : exitCodeOfReport(report, options.detailedExitcode ?? false);
      return { report, exitCode, context: view.context() };
    },
  );
  printReport(finished, options.output, environment);
  return finished.exitCode;
}

interface View {
  readonly options: ReconcileOptions;
  readonly context: () => ChangesContext;
}

/** Shows the plan and asks, as apply does. */
function watch(options: RollbackOptions, environment: Environment): View {
  const { output } = environment;
  let context: ChangesContext = { counters: new Map() };
  return {
    context: () => context,
    options: {
      signal: environment.interruption(),
      onProgress: (answered, total) => output.progress(`undid ${answered} of ${total} operations`),
      onPlan: async (prepared: Prepared) => {
        context = { counters: prepared.snapshot.counters, style: output.style('stdout') };
        showPlan(prepared, options, context, environment);
      },
      confirm: (prepared) => confirmOnTerminal(prepared, options, environment),
    },
  };
}

async function reject(
  session: Session,
  environment: Environment,
  options: ReconcileOptions,
): Promise<Finished['report']> {
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
): Promise<Finished['report']> {
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
  if (report.outcome === 'applied' || report.outcome === 'in-sync') {
    await records.unfinished.clear();
    await records.last.clear();
  }
  return report;
}
