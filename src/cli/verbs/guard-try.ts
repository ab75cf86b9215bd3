import { IpvstateError } from '../../errors.ts';
import { openRecords, type PendingTry } from '../../recovery/records/records.ts';
import { isExpired, withSession } from '../../recovery/session.ts';
import type { State } from '../../recovery/state.ts';
import { GUARD_VERB } from '../../recovery/try/guard-verb.ts';
import { rollBackTry } from '../../recovery/try/try-end.ts';
import { EXIT } from '../../render/exit.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { requiredArgument } from '../declare/options.ts';
import type { Environment } from '../environment.ts';

const LOOK_MILLISECONDS = 1000;
/** Another writer may hold the lock at the deadline. It rolls the try back before its own work. */
const LOCK_TIMEOUT_SECONDS = 60;
/** About a minute, as a failure is followed by one look. */
const MAX_FAILURES = 60;

export const guardTryVerb = defineVerb({
  name: GUARD_VERB,
  job: 'hidden',
  summary: 'wait for a deadline',
  description: 'wait for the deadline of a try, and roll it back unless it is confirmed',
  arguments: { id: requiredArgument('id', 'identifies the try') },
  options: {},
  exits: { ok: 'the try has ended', partial: 'the try could not be rolled back' },
  examples: [],
  run: async (_, environment, { id }) => guardTry(id, environment),
});

/**
 * Runs in a process that outlives the terminal. Waits for the deadline of a try and rolls the try
 * back, unless it was confirmed, rolled back or replaced before. Reads the deadline each time,
 * because it starts anew when the operations of the try are done. A file that cannot be read is
 * read again until it can be: only a file that is not there means that the try has ended.
 */
async function guardTry(id: string, environment: Environment): Promise<number> {
  const state = await environment.state();
  const records = openRecords(state, () => {});
  // Loads the modules that talk to the kernel: at the deadline another version may be installed.
  (await environment.openKernel()).close();
  await environment.background.ready();
  for (let failures = 0; failures < MAX_FAILURES; ) {
    const pending = await records.pending.readPatiently(state.clock);
    if (pending?.id !== id) return EXIT.ok;
    if (!isExpired(pending, state)) {
      await state.clock.sleep(untilNextLook(pending, state));
      continue;
    }
    try {
      await rollBackIfPending(id, environment);
    } catch (error) {
      if (!(error instanceof IpvstateError)) throw error;
      // Files that cannot be read or written can be later, so the guard never gives up for that.
      if (error.code !== 'LOCKED' && error.code !== 'IO') failures++;
      await state.clock.sleep(LOOK_MILLISECONDS);
    }
  }
  return EXIT.partial;
}

function untilNextLook({ deadlineSeconds }: PendingTry, { clock }: State): number {
  return Math.min(
    LOOK_MILLISECONDS,
    Math.max(1, (deadlineSeconds - clock.monotonicSeconds()) * 1000),
  );
}

/** Looks at the try again under the lock, because it may have been confirmed in the meantime. */
async function rollBackIfPending(id: string, environment: Environment): Promise<void> {
  await withSession('try', LOCK_TIMEOUT_SECONDS, environment, async (session) => {
    const { pending, state } = session;
    if (pending?.id === id && isExpired(pending, state))
      await rollBackTry(session, environment, pending, 'timeout');
  });
}
