import { IpvstateError } from '../../errors.ts';
import type { Report } from '../../plan/report.ts';
import type { ReconcileOptions } from '../../reconcile/reconcile.ts';
import { formatTime } from '../clock.ts';
import type { RecoveryEnvironment } from '../environment.ts';
import { undoInKernel } from '../journaled-undo.ts';
import type { PendingTry, TryCause, TryOutcome } from '../records/records.ts';
import { isExpired, reportCutOff, type Session } from '../session.ts';

export interface EndedTry {
  readonly outcome: TryOutcome;
  readonly report: Report;
}

/**
 * Undoes a try: as a plan of its own, read back, and only what is still as the try left it. Afterwards nothing is pending, unless the
 * operator declined. Throws what reading throws, and then it stays pending.
 */
export async function undoTry(
  session: Pick<Session, 'state' | 'records' | 'warn'>,
  environment: RecoveryEnvironment,
  pending: PendingTry,
  cause: Exclude<TryCause, 'confirmed'>,
  options: ReconcileOptions = {},
): Promise<EndedTry> {
  const { records, warn } = session;
  const report = await undoInKernel(
    session,
    environment,
    pending.passes,
    { verb: 'try', trigger: cause },
    options,
  ).catch(async (error) => {
    // It will be as damaged the next time.
    if (error instanceof IpvstateError && error.code === 'CONFIG') await records.pending.setAside();
    throw error;
  });
  const outcome = outcomeOf(session, pending, cause, report);
  if (report.outcome === 'declined') return { outcome, report };
  // The outcome is written first: whoever waits looks for it when nothing is pending any more.
  await records.outcome.write(outcome).catch((error: Error) => warn(error.message));
  // What could not be undone can be tried again.
  if (!outcome.isRestored) await keepForRollback(session, pending);
  await records.pending.clear();
  return { outcome, report };
}

/** What a try did is what the next rollback begins with. */
export async function keepForRollback(
  { records, warn }: Pick<Session, 'records' | 'warn'>,
  pending: PendingTry,
): Promise<void> {
  const { boot, netns, id, verb, started, passes } = pending;
  const earlier = (await records.unfinished.take())?.passes ?? [];
  const record = { boot, netns, id, verb, started, passes: [...earlier, ...passes] };
  await records.unfinished.write(record).catch((error: Error) => warn(error.message));
}

function outcomeOf(
  { state }: Pick<Session, 'state'>,
  pending: PendingTry,
  cause: TryCause,
  report: Report,
): TryOutcome {
  const problems = [
    ...report.failures.map(({ error }) => error.message),
    ...(report.error ? [report.error.message] : []),
    ...report.differences.map(
      (change) => `still different: ${'service' in change ? change.service : change.object}`,
    ),
  ];
  return {
    ...state.life,
    id: pending.id,
    started: pending.started,
    ended: state.clock.now().toISOString(),
    cause,
    isRestored: report.outcome === 'applied' || report.outcome === 'in-sync',
    operations: report.done,
    contested: report.contested,
    problems: [...new Set(problems)].slice(0, MAX_PROBLEMS),
    isTold: false,
  };
}

const MAX_PROBLEMS = 20;

const CAUSES: Readonly<Record<TryCause, string>> = {
  confirmed: 'was confirmed',
  timeout: 'was not confirmed in time',
  interrupted: 'was interrupted',
  rejected: 'was rejected',
};

/** How a try ended, in a sentence and the objects that it is about. */
export function describeTry(outcome: TryOutcome, now: Date): string {
  const { started, ended, cause, isRestored, operations, contested, problems } = outcome;
  const when = formatTime(new Date(ended), now);
  const what = `the try of ${formatTime(new Date(started), now)} ${CAUSES[cause]}`;
  if (cause === 'confirmed') return `${what} at ${when}`;
  const count = `${operations} operation${operations === 1 ? '' : 's'}`;
  if (isRestored) return `${what}; it was undone at ${when} (${count}) and the table was verified`;
  const others =
    contested.length === 0
      ? []
      : [`changed by someone else meanwhile, and left alone: ${contested.join(', ')}`];
  return [
    `${what}; undoing it at ${when} (${count}) did not restore everything`,
    ...others,
    ...problems,
  ].join('\n    ');
}

/** Says how the last try ended, unless somebody has been told. */
export async function tellLastTry({
  records,
  state,
  warn,
}: Pick<Session, 'records' | 'state' | 'warn'>): Promise<void> {
  const outcome = await records.outcome.take();
  if (!outcome || outcome.isTold) return;
  warn(describeTry(outcome, state.clock.now()));
  await records.outcome.write({ ...outcome, isTold: true }).catch(() => undefined);
}

/** What comes before anything else is written: what earlier runs left is said, and a try that ran out with nobody there to undo it is undone. */
export async function settleEarlierRuns(
  session: Session,
  environment: RecoveryEnvironment,
): Promise<Session> {
  reportCutOff(session);
  const { pending, state } = session;
  const isOverdue = pending !== undefined && isExpired(pending, state);
  if (isOverdue) await undoTry(session, environment, pending, 'timeout');
  await tellLastTry(session);
  return isOverdue ? { ...session, pending: undefined } : session;
}
