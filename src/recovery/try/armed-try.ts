import type { RecoveryEnvironment } from '../environment.ts';
import type { PendingTry, StoredPass } from '../records/records.ts';
import { newRunId, type Session } from '../session.ts';
import { GUARD_VERB } from './guard-verb.ts';

/** A try that another process rolls back at the deadline, whatever happens to this process. */
export interface ArmedTry {
  readonly id: string;
  /** undefined before the first operation. */
  readonly pending: () => PendingTry | undefined;
  /**
   * Stores the way back. The first time, also starts the process that guards the try. Throws `IO`
   * or `UNAVAILABLE`.
   */
  readonly record: (passes: readonly StoredPass[]) => Promise<void>;
  /** To be called when the operations are done: the time to confirm begins. */
  readonly wait: () => Promise<PendingTry | undefined>;
  /** To be called when there is nothing to roll back. */
  readonly disarm: () => Promise<void>;
}

/** Prepares a try, before its first operation. */
export function armTry(
  { state, records }: Session,
  timeoutSeconds: number,
  environment: RecoveryEnvironment,
): ArmedTry {
  const { clock, life } = state;
  const id = newRunId(state);
  const started = clock.now().toISOString();
  let pending: PendingTry | undefined;
  const write = async (rest: Pick<PendingTry, 'phase' | 'passes'>): Promise<void> => {
    const deadlineSeconds = clock.monotonicSeconds() + timeoutSeconds;
    const next: PendingTry = {
      ...life,
      id,
      verb: 'try',
      started,
      pid: process.pid,
      timeoutSeconds,
      deadlineSeconds,
      ...rest,
    };
    await records.pending.write(next);
    pending = next;
  };
  const disarm = async (): Promise<void> => {
    await records.pending.clear();
    pending = undefined;
  };
  return {
    id,
    pending: () => pending,
    disarm,
    record: async (passes) => {
      const isFirst = pending === undefined;
      await write({ phase: 'applying', passes });
      if (!isFirst) return;
      try {
        await records.outcome.clear();
        await environment.background.start([GUARD_VERB, id]);
      } catch (error) {
        await disarm();
        throw error;
      }
    },
    wait: async () => {
      if (pending) await write({ phase: 'waiting', passes: pending.passes });
      return pending;
    },
  };
}
