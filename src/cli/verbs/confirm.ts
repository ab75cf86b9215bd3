import { IpvstateError } from '../../errors.ts';
import { formatTime } from '../../recovery/clock.ts';
import type { PendingTry, RunRecord, TryOutcome } from '../../recovery/records/records.ts';
import { isExpired, reportCutOff, type Session, withSession } from '../../recovery/session.ts';
import { describeTry, rollBackTry } from '../../recovery/try/try-end.ts';
import { EXIT, exitCodeOfTry } from '../../render/exit.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { LOCK_EXITS } from '../declare/exit-groups.ts';
import { LOCK_OPTIONS, NETNS_OPTIONS } from '../declare/option-groups.ts';

export const confirmVerb = defineVerb({
  name: 'confirm',
  job: 'change',
  summary: 'keep what try did',
  description: 'keep the changes of the pending try',
  options: { ...LOCK_OPTIONS, ...NETNS_OPTIONS },
  exits: {
    ...LOCK_EXITS,
    ok: 'the changes stay',
    refused: 'there is no try to confirm, or not all of it was applied',
    partial: 'the try ran out, and not all of it could be rolled back',
    'not-confirmed': 'the try had run out, and was rolled back',
  },
  examples: ['ipvstate confirm', 'ipvstate confirm --lock-timeout 10s'],
  run: async (options, environment) =>
    withSession('confirm', options.lockTimeout, environment, async (session) => {
      reportCutOff(session);
      const { pending, state } = session;
      if (!pending) return tooLate(session, await session.records.outcome.readAndCleanUp());
      if (isExpired(pending, state)) {
        const { outcome } = await rollBackTry(session, environment, pending, 'timeout');
        return tooLate(session, outcome);
      }
      const when = formatTime(new Date(pending.started), state.clock.now());
      if (pending.phase === 'applying') {
        throw new IpvstateError(
          'REFUSED',
          `the try of ${when} was cut off before all of it was applied, and cannot be confirmed`,
          {
            hint: 'Roll it back with `ipvstate rollback`, or wait for its deadline.',
          },
        );
      }
      await keep(session, pending);
      environment.output.print(`Confirmed: the changes of the try of ${when} stay.\n`);
      return EXIT.ok;
    }),
});

/**
 * Ends a try and keeps its changes. The outcome is written first, because the waiting
 * `ipvstate try` reads it as soon as no try is pending.
 */
async function keep({ state, records, warn }: Session, pending: PendingTry): Promise<void> {
  const { boot, netns, id, verb, started } = pending;
  const outcome: TryOutcome = {
    ...{ boot, netns, id, started, cause: 'confirmed' as const },
    ...{
      ended: state.clock.now().toISOString(),
      isRestored: true,
      operations: 0,
      contested: [],
      problems: [],
      isTold: true,
    },
  };
  const earlier = (await records.unfinished.readAndCleanUp())?.passes ?? [];
  await records.outcome.write(outcome).catch((error: Error) => warn(error.message));
  const record: RunRecord = {
    boot,
    netns,
    id,
    verb,
    started,
    passes: [...earlier, ...pending.passes],
  };
  await records.last.write(record).catch(async (error: Error) => {
    warn(`${error.message}: this try cannot be rolled back with \`ipvstate rollback\``);
    await records.last.clear();
  });
  await records.unfinished.clear();
  await records.pending.clear();
}

async function tooLate(
  { state, records, warn }: Session,
  outcome: TryOutcome | undefined,
): Promise<number> {
  if (!outcome || outcome.cause === 'confirmed') {
    throw new IpvstateError('REFUSED', 'nothing is pending: there is no try to confirm', {
      hint: 'Begin one with `ipvstate try`.',
    });
  }
  warn(`too late: ${describeTry(outcome, state.clock.now())}`);
  if (!outcome.isTold)
    await records.outcome.write({ ...outcome, isTold: true }).catch(() => undefined);
  return exitCodeOfTry(outcome);
}
