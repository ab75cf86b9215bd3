import { InvalidArgumentError } from 'commander';
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
  rollBackTry,
  settleEarlierRuns,
} from '../../recovery/try/try-end.ts';
import { withKernel } from '../../recovery/writer.ts';
import { EXIT, EXIT_MEANINGS, exitCodeOfTry } from '../../render/exit.ts';
import type { Json } from '../../render/json.ts';
import type { ReportView } from '../../render/plan-formats.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { WRITE_EXITS } from '../declare/exit-groups.ts';
import { flag, hiddenText, number, parseTime } from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import {
  APPLY_OPTIONS,
  type ApplyOptions,
  openSource,
  PLAN_ARGUMENTS,
  type PlanSource,
} from '../plan-source.ts';
import { printReport, runSource } from '../run-plan.ts';

interface TryOptions extends ApplyOptions {
  /** In seconds. */
  readonly timeout: number;
}

export const tryVerb = defineVerb({
  name: 'try',
  job: 'change',
  summary: 'apply until confirmed',
  description: 'apply, and roll back unless `ipvstate confirm` comes in time',
  arguments: PLAN_ARGUMENTS,
  options: {
    ...APPLY_OPTIONS,
    table: hiddenText('--table <file>'),
    timeout: number('--timeout <time>', 'time to confirm', parsePositiveTime, 120, '120s'),
    noWait: flag('--no-wait', 'return at once; the deadline stands'),
  },
  exits: {
    ...WRITE_EXITS,
    ok: 'confirmed, or nothing to change',
    'not-confirmed': EXIT_MEANINGS['not-confirmed'],
  },
  examples: [
    'ipvstate try -f ipvs.yaml --timeout 2m',
    'ipvstate try -f ipvs.yaml --no-wait && ./smoke-test && ipvstate confirm',
  ],
  notes: [
    'While it waits, `ipvstate confirm` on another terminal keeps the changes.',
    'The try is rolled back at its deadline, also when the terminal, the session or',
    'this process has ended before. ^C rolls it back at once.',
  ],
  run: async (options, environment, { planFile }) => {
    if (options.table !== undefined) {
      throw new IpvstateError('USAGE', '`try` changes the kernel and takes no --table', {
        hint: 'To try a plan on a saved table, copy the table and apply the plan to the copy.',
      });
    }
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
    if (options.noWait) {
      if (options.output === 'json')
        printReport({ ...finished, try: tryJson(pending, 'pending') }, 'json', environment);
      environment.output.note(
        `Confirm with \`ipvstate confirm\` ${how}; otherwise this is rolled back.\n`,
      );
      return finished.exitCode;
    }
    environment.output.note(
      `Confirm with \`ipvstate confirm\` ${how}; otherwise, or with ^C, this is rolled back.\n`,
    );
    const outcome = await awaitTryEnd(pending, environment);
    const exitCode = exitCodeOfEnd(outcome, finished);
    if (options.output === 'json') {
      const view = { ...finished, exitCode, try: tryJson(pending, outcome) };
      printReport(view, 'json', environment);
    } else environment.output.print(formatTryEnd(outcome, clock.now()));
    return exitCode;
  },
});

function parsePositiveTime(text: string): number {
  const seconds = parseTime(text);
  if (seconds < 1) throw new InvalidArgumentError('Expected a time of at least 1s.');
  return seconds;
}

function exitCodeOfEnd(outcome: TryOutcome | undefined, finished: ReportView): number {
  if (outcome === undefined) return EXIT.partial;
  return outcome.cause === 'confirmed' ? finished.exitCode : exitCodeOfTry(outcome);
}

interface Applied {
  readonly finished: ReportView;
  /** undefined when there are no changes to confirm. */
  readonly pending: PendingTry | undefined;
}

async function applyArmed(
  source: PlanSource,
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
          return { finished, pending: await waitOrRollBack(session, armed, environment) };
        const left = armed.pending();
        if (left && finished.report.outcome === 'partial') await keepForRollback(session, left);
        await armed.disarm();
        return { finished, pending: undefined };
      },
    );
  });
}

/** Rolls a try back when its state cannot be written: it could not be confirmed. Throws `IO`. */
async function waitOrRollBack(
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
          (await rollBackTry(session, environment, left, 'interrupted')).outcome,
          session.state.clock.now(),
        ),
      );
    throw error;
  }
}

/** Tells whether the live table has changes of the try that are not rolled back yet. */
function isInForce({ report: { outcome } }: ReportView, { onError }: TryOptions): boolean {
  return (
    outcome === 'applied' ||
    outcome === 'unverified' ||
    (outcome === 'partial' && onError !== 'rollback')
  );
}

/**
 * An IpvstateError is thrown before the first operation, so the deadline is not needed. After a bug
 * there may have been operations, and the try is rolled back at its deadline.
 */
async function disarmAndThrow(armed: ArmedTry, error: unknown): Promise<never> {
  if (error instanceof IpvstateError) await armed.disarm();
  throw error;
}

function formatTryEnd(outcome: TryOutcome | undefined, now: Date): string {
  if (!outcome)
    return 'The try has ended without a record. Run `ipvstate plan` to see the differences.\n';
  const text = describeTry(outcome, now);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.\n`;
}

/** Member `try` of schemas/report.schema.json. */
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
