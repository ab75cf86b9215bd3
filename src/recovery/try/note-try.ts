import { formatTime } from '../clock.ts';
import type { RecoveryEnvironment } from '../environment.ts';
import { openRecords } from '../records/records.ts';
import { isExpired } from '../session.ts';

/** For verbs that only read: says that the table may not stay as it is, and touches nothing. */
export async function notePendingTry(environment: RecoveryEnvironment): Promise<void> {
  const state = await environment.state();
  const pending = await openRecords(state, () => {}).pending.peek();
  if (!pending) return;
  const { clock } = state;
  const when = formatTime(new Date(pending.started), clock.now());
  const seconds = Math.ceil(pending.deadlineSeconds - clock.monotonicSeconds());
  environment.output.note(
    isExpired(pending, state)
      ? `ipvstate: the try of ${when} has not been confirmed in time, and nobody has undone it yet; the next command that writes will\n`
      : `ipvstate: the try of ${when} waits to be confirmed, and is undone in ${seconds} s\n`,
  );
}
