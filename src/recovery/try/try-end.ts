import { IpvstateError } from '../../errors.ts';
import type { Report } from '../../plan/report.ts';
import type { ReconcileOptions } from '../../reconcile/reconcile.ts';
import { formatTime } from '../clock.ts';
import type { RecoveryEnvironment } from '../environment.ts';
import type { PendingTry, TryCause, TryOutcome } from '../records/records.ts';
import { wayOverPasses } from '../roll-back.ts';
import { rollBackKernel } from '../roll-back-kernel.ts';
import { isExpired, reportCutOff, type Session } from '../session.ts';

interface EndedTry {
  readonly outcome: TryOutcome;
  readonly report: Report;
}

/**
 * Rolls a try back, as far as the table is still as the try left it, and verifies. Afterwards no
 * try is pending, unless the operator declined. Throws what reading throws; the try is still
 * pending then.
 */
export async function rollBackTry(
  session: Pick<Session, 'state' | 'records' | 'warn'>,
  environment: RecoveryEnvironment,
  pending: PendingTry,
  cause: Exclude<TryCause, 'confirmed'>,
  options: ReconcileOptions = {},
): Promise<EndedTry> {
  const { records, warn } = session;
  const report = await rollBackKernel(
    session,
    environment,
    wayOverPasses(pending.passes),
    { verb: 'try', trigger: cause },
    options,
  ).catch(async (error) => {
    // A damaged record is as damaged at the next attempt.
    if (error instanceof IpvstateError && error.code === 'CONFIG') await records.pending.setAside();
    throw error;
  });
  const outcome = outcomeOf(session, pending, cause, report);
  if (report.outcome === 'declined') return { outcome, report };
  // The outcome is written first: a process that waits for the end reads it as soon as no try is
  // pending.
  await records.outcome.write(outcome).catch((error: Error) => warn(error.message));
  // `ipvstate rollback` can try the rest again.
  if (!outcome.isRestored) await keepForRollback(session, pending);
  await records.pending.clear();
  return { outcome, report };
}

/** Keeps the way back of a try for the next `ipvstate rollback`. */
export async function keepForRollback(
  { records, warn }: Pick<Session, 'records' | 'warn'>,
  pending: PendingTry,
): Promise<void> {
  const { boot, netns, id, verb, started, passes } = pending;
  const earlier = (await records.unfinished.readAndCleanUp())?.passes ?? [];
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

/** Describes the end of a try: one sentence, then a line for each problem. */
export function describeTry(outcome: TryOutcome, now: Date): string {
  const { started, ended, cause, isRestored, operations, contested, problems } = outcome;
  const when = formatTime(new Date(ended), now);
  const event = `the try of ${formatTime(new Date(started), now)} ${CAUSES[cause]}`;
  if (cause === 'confirmed') return `${event} at ${when}`;
  const count = `${operations} operation${operations === 1 ? '' : 's'}`;
  if (isRestored)
    return `${event}; it was rolled back at ${when} (${count}) and the table was verified`;
  const others =
    contested.length === 0
      ? []
      : [`changed by another program meanwhile, and left alone: ${contested.join(', ')}`];
  return [
    `${event}; rolling it back at ${when} (${count}) was not complete`,
    ...others,
    ...problems,
  ].join('\n    ');
}

/** Warns how the last try ended, unless an operator has been told. */
export async function tellLastTry({
  records,
  state,
  warn,
}: Pick<Session, 'records' | 'state' | 'warn'>): Promise<void> {
  const outcome = await records.outcome.readAndCleanUp();
  if (!outcome || outcome.isTold) return;
  warn(describeTry(outcome, state.clock.now()));
  await records.outcome.write({ ...outcome, isTold: true }).catch(() => undefined);
}

/**
 * Prepares a session for writing: reports how earlier runs ended, and rolls back a try whose
 * deadline is over.
 */
export async function settleEarlierRuns(
  session: Session,
  environment: RecoveryEnvironment,
): Promise<Session> {
  reportCutOff(session);
  const { pending, state } = session;
  const isOverdue = pending !== undefined && isExpired(pending, state);
  if (isOverdue) await rollBackTry(session, environment, pending, 'timeout');
  await tellLastTry(session);
  return isOverdue ? { ...session, pending: undefined } : session;
}
