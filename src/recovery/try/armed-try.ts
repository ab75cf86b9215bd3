import type { RecoveryEnvironment } from '../environment.ts';
import type { PendingTry, StoredPass } from '../records/records.ts';
import { newRunId, type Session } from '../session.ts';
import { GUARD_VERB } from './guard-verb.ts';

/** A try from before its first operation on: whatever becomes of this process, another one undoes it at the deadline. */
export interface ArmedTry {
  readonly id: string;
  /** undefined until there is something to undo. */
  readonly pending: () => PendingTry | undefined;
  /** Puts on the disk what leads back and, the first time, starts who goes that way. Throws `IO` or `UNAVAILABLE`. */
  readonly record: (passes: readonly StoredPass[]) => Promise<void>;
  /** The operations are done: from here the time runs that was asked for. */
  readonly wait: () => Promise<PendingTry | undefined>;
  /** There is nothing to undo. */
  readonly disarm: () => Promise<void>;
}

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
      await records.outcome.clear();
      try {
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
