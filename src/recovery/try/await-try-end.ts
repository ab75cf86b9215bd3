import { IpvstateError } from '../../errors.ts';
import { formatDuration } from '../../model/duration.ts';
import type { RecoveryEnvironment } from '../environment.ts';
import { openRecords, type PendingTry, type TryOutcome } from '../records/records.ts';
import { isExpired, withSession } from '../session.ts';
import { undoTry } from './try-end.ts';

const LOOK_MILLISECONDS = 250;
const LOCK_TIMEOUT_SECONDS = 5;

/**
 * Waits until a try was confirmed or undone, by whomever. A signal undoes it now and, at the deadline, so does this process when the one
 * that guards the try does not come first. Returns undefined when how it ended is not on record.
 */
export async function awaitTryEnd(
  begun: PendingTry,
  environment: RecoveryEnvironment,
): Promise<TryOutcome | undefined> {
  const { output } = environment;
  const state = await environment.state();
  const records = openRecords(state, () => {});
  const signal = environment.interruption();
  for (;;) {
    const pending = await records.pending.peek();
    if (pending?.id !== begun.id) break;
    const secondsLeft = Math.ceil(pending.deadlineSeconds - state.clock.monotonicSeconds());
    if (signal.aborted || secondsLeft <= 0) await undoNow(begun.id, signal.aborted, environment);
    else {
      output.progress(`${formatDuration(secondsLeft)} left to confirm`);
      await state.clock.sleep(Math.min(LOOK_MILLISECONDS, secondsLeft * 1000));
    }
  }
  const outcome = await records.outcome.peek();
  if (outcome?.id !== begun.id) return undefined;
  if (!outcome.isTold)
    await records.outcome.write({ ...outcome, isTold: true }).catch(() => undefined);
  return outcome;
}

async function undoNow(
  id: string,
  isInterrupted: boolean,
  environment: RecoveryEnvironment,
): Promise<void> {
  try {
    await withSession('try', LOCK_TIMEOUT_SECONDS, environment, async (session) => {
      const { pending, state } = session;
      if (pending?.id !== id) return;
      const cause = isExpired(pending, state) ? 'timeout' : 'interrupted';
      if (isInterrupted || cause === 'timeout') await undoTry(session, environment, pending, cause);
    });
  } catch (error) {
    // Somebody else is at it, and may be for longer than one lock can be waited for.
    if (!(error instanceof IpvstateError) || error.code !== 'LOCKED') throw error;
  }
}
