import { IpvstateError } from '../../errors.ts';
import { formatDuration } from '../../model/duration.ts';
import type { RecoveryEnvironment } from '../environment.ts';
import { openRecords, type PendingTry, type TryOutcome } from '../records/records.ts';
import { isExpired, withSession } from '../session.ts';
import { rollBackTry } from './try-end.ts';

const LOOK_MILLISECONDS = 250;
const LOCK_TIMEOUT_SECONDS = 5;

/**
 * Waits until any process has confirmed the try or rolled it back. This process rolls it back when
 * a signal comes, and at the deadline when the process that guards the try has not done so. Returns
 * undefined when there is no record of how the try ended.
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
    const warn = (message: string): void => output.warn(`ipvstate: ${message}\n`);
    const pending = await records.pending.readPatiently(state.clock, warn, signal);
    if (pending?.id !== begun.id) break;
    const secondsLeft = Math.ceil(pending.deadlineSeconds - state.clock.monotonicSeconds());
    if (signal.aborted || secondsLeft <= 0)
      await rollBackNow(begun.id, signal.aborted, environment);
    else {
      output.progress(`${formatDuration(secondsLeft)} left to confirm`);
      await state.clock.sleep(Math.min(LOOK_MILLISECONDS, secondsLeft * 1000));
    }
  }
  const outcome = await records.outcome.read();
  if (outcome?.id !== begun.id) return undefined;
  if (!outcome.isTold)
    await records.outcome.write({ ...outcome, isTold: true }).catch(() => undefined);
  return outcome;
}

async function rollBackNow(
  id: string,
  isInterrupted: boolean,
  environment: RecoveryEnvironment,
): Promise<void> {
  try {
    await withSession('try', LOCK_TIMEOUT_SECONDS, environment, async (session) => {
      const { pending, state } = session;
      if (pending?.id !== id) return;
      const cause = isExpired(pending, state) ? 'timeout' : 'interrupted';
      if (isInterrupted || cause === 'timeout')
        await rollBackTry(session, environment, pending, cause);
    });
  } catch (error) {
    // Another process has the lock, perhaps to roll the try back. The caller looks again.
    if (!(error instanceof IpvstateError) || error.code !== 'LOCKED') throw error;
  }
}
