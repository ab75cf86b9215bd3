import { IpvstateError } from '../../errors.ts';
import { formatDuration } from '../../model/duration.ts';
import { formatTime } from '../../recovery/clock.ts';
import type { PendingTry, TryOutcome } from '../../recovery/records/records.ts';
import { refuseWhilePending, type Session, withSession } from '../../recovery/session.ts';
import { type ArmedTry, armTry } from '../../recovery/try/armed-try.ts';
import { awaitTryEnd } from '../../recovery/try/await-try-end.ts';
import {
  describeTry,
  keepForRollback,
  settleEarlierRuns,
  undoTry,
} from '../../recovery/try/try-end.ts';
import { withKernel } from '../../recovery/writer.ts';
import { EXIT, exitCodeOfTry } from '../../render/exit.ts';
import type { Json } from '../../render/plan-json.ts';
import type { Environment } from '../environment.ts';
import {
  type ApplyOptions,
  type Finished,
  openSource,
  printReport,
  runSource,
  type Source,
} from '../run-plan.ts';

export interface TryOptions extends ApplyOptions {
  /** In seconds. */
  readonly timeout: number;
  /** Commander's spelling of `--no-wait`. */
  readonly wait: boolean;
}

/** Applies, and undoes it again unless somebody confirms in time that all is well. */
export async function tryVerb(
  planFile: string | undefined,
  options: TryOptions,
  environment: Environment,
): Promise<number> {
  if (options.table !== undefined)
    throw new IpvstateError(
      'USAGE',
      '`try` works on the kernel: a table in a file can simply be copied',
    );
  const source = await openSource(planFile, options, environment);
  const { finished, pending } = await applyArmed(source, options, environment);
  if (!pending) {
    printReport(finished, options.output, environment);
    return finished.exitCode;
  }
  const { clock } = await environment.state();
  const until = new Date(clock.now().getTime() + options.timeout * 1000);
  const how = `within ${formatDuration(options.timeout)}, by ${formatTime(until, clock.now())}`;
  if (options.output === 'text') printReport(finished, 'text', environment);
  if (!options.wait) {
    if (options.output === 'json')
      printReport(finished, 'json', environment, { try: tryJson(pending, 'pending') });
    environment.output.note(
      `Confirm with \`ipvstate confirm\` ${how}; otherwise this is undone.\n`,
    );
    return finished.exitCode;
  }
  environment.output.note(
    `Confirm with \`ipvstate confirm\` ${how}; otherwise, or with ^C, this is undone.\n`,
  );
  const outcome = await awaitTryEnd(pending, environment);
  const isConfirmed = outcome?.cause === 'confirmed';
  const exitCode =
    outcome === undefined ? EXIT.partial : isConfirmed ? finished.exitCode : exitCodeOfTry(outcome);
  if (options.output === 'json')
    printReport({ ...finished, exitCode }, 'json', environment, { try: tryJson(pending, outcome) });
  else environment.output.print(conclude(outcome, clock.now()));
  return exitCode;
}

interface Applied {
  readonly finished: Finished;
  /** undefined when there is nothing to confirm. */
  readonly pending: PendingTry | undefined;
}

async function applyArmed(
  source: Source,
  options: TryOptions,
  environment: Environment,
): Promise<Applied> {
  return withSession('try', options.lockTimeout, environment, async (opened) => {
    const session = await settleEarlierRuns(opened, environment);
    refuseWhilePending(session);
    const armed = armTry(session, options.timeout, environment);
    return withKernel(
      session,
      environment,
      { id: armed.id, verb: 'try', record: armed.record },
      async (writer) => {
        const finished = await runSource(source, options, environment, writer).catch((error) =>
          disarmAndThrow(armed, error),
        );
        writer.journal.end(finished.report.outcome, finished.exitCode);
        if (isInForce(finished, options))
          return { finished, pending: await waitOrUndo(session, armed, environment) };
        const left = armed.pending();
        if (left && finished.report.outcome === 'partial') await keepForRollback(session, left);
        await armed.disarm();
        return { finished, pending: undefined };
      },
    );
  });
}

/** A try whose state cannot be written any more could not be confirmed: it is undone at once. Throws `IO`. */
async function waitOrUndo(
  session: Session,
  armed: ArmedTry,
  environment: Environment,
): Promise<PendingTry | undefined> {
  try {
    return await armed.wait();
  } catch (error) {
    const left = armed.pending();
    if (left)
      session.warn(
        describeTry(
          (await undoTry(session, environment, left, 'interrupted')).outcome,
          session.state.clock.now(),
        ),
      );
    throw error;
  }
}

/** Whether the table has something of the try that nobody else undoes. */
function isInForce({ report: { outcome } }: Finished, { onError }: TryOptions): boolean {
  return (
    outcome === 'applied' ||
    outcome === 'unverified' ||
    (outcome === 'partial' && onError !== 'rollback')
  );
}

/** An error of ours comes before the first operation. A bug may come at any time, and then the try undoes itself. */
async function disarmAndThrow(armed: ArmedTry, error: unknown): Promise<never> {
  if (error instanceof IpvstateError) await armed.disarm();
  throw error;
}

function conclude(outcome: TryOutcome | undefined, now: Date): string {
  if (!outcome)
    return 'The try has ended, and how is not on record. Run `ipvstate plan` to see where the table is.\n';
  const text = describeTry(outcome, now);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.\n`;
}

/** Of schemas/report.schema.json. */
function tryJson(
  { id, timeoutSeconds }: PendingTry,
  outcome: TryOutcome | 'pending' | undefined,
): Json {
  if (!outcome || outcome === 'pending')
    return { id, timeout_seconds: timeoutSeconds, state: outcome ?? 'unknown' };
  const { cause, isRestored, operations, contested, problems } = outcome;
  const state = cause === 'confirmed' ? 'confirmed' : isRestored ? 'restored' : 'partial';
  return {
    id,
    timeout_seconds: timeoutSeconds,
    state,
    cause,
    operations_undone: operations,
    contested,
    problems,
  };
}
