import { IpvstateError } from '../errors.ts';
import { formatTime } from './clock.ts';
import type { RecoveryEnvironment } from './environment.ts';
import { closeCutOff, findCutOff } from './journal/cut-off.ts';
import { type Lock, takeLock } from './lock.ts';
import { openRecords, type PendingTry, type Records } from './records/records.ts';
import type { State } from './state.ts';

/** One command that writes to the kernel's table. It has the lock of its network namespace. */
export interface Session {
  readonly state: State;
  readonly records: Records;
  /** Prints a warning for the operator. */
  readonly warn: (message: string) => void;
  /** A try that is neither confirmed nor rolled back. Its deadline may be over. */
  readonly pending: PendingTry | undefined;
  /** The lock, which a daemon gives away while it is paused. */
  readonly lock: SessionLock;
}

interface SessionLock {
  /** Takes the lock again, unless it is held. Throws `LOCKED`, also while a try is pending. */
  take(): Promise<void>;
  release(): Promise<void>;
}

/** Takes the lock, and reads the records of earlier runs. Throws `LOCKED` and `IO`. */
export async function withSession<T>(
  verb: string,
  lockTimeoutSeconds: number,
  environment: RecoveryEnvironment,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const state = await environment.state();
  const { clock } = state;
  const command = `ipvstate ${verb}`;
  const taken = await takeLock(state.lockPath, {
    command,
    timeoutSeconds: lockTimeoutSeconds,
    clock,
  });
  const lock = sessionLock(state, command, taken);
  try {
    const warn = (message: string): void => environment.output.warn(`ipvstate: ${message}\n`);
    const records = openRecords(state, warn);
    const pending = await records.pending.readAndCleanUp(({ started }) =>
      warn(
        `the try of ${formatTime(new Date(started), clock.now())} is void: the kernel's table that it changed is gone`,
      ),
    );
    return await use({ state, records, warn, pending, lock });
  } finally {
    await lock.release();
  }
}

function sessionLock(state: State, command: string, taken: Lock): SessionLock {
  let held: Lock | undefined = taken;
  const release = async (): Promise<void> => {
    await held?.release();
    held = undefined;
  };
  return {
    release,
    take: async () => {
      if (held) return;
      held = await takeLock(state.lockPath, { command, clock: state.clock });
      try {
        await refuseBesideTry(state);
      } catch (error) {
        await release();
        throw error;
      }
    },
  };
}

/** Throws `LOCKED` while a try is pending: only its end may write. */
async function refuseBesideTry(state: State): Promise<void> {
  const pending = await openRecords(state, () => {}).pending.read();
  if (!pending) return;
  const when = formatTime(new Date(pending.started), state.clock.now());
  throw new IpvstateError('LOCKED', `the try of ${when} is pending; nothing was changed`, {
    hint: 'End it with `ipvstate confirm` or `ipvstate rollback`.',
  });
}

/** Returns a name that no other run on this machine has. */
export function newRunId({ clock }: State): string {
  return `${clock.now().getTime().toString(36)}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
}

/**
 * Warns, once, that the last run has no end. Only the holder of the lock knows that it is not
 * running.
 */
export function reportCutOff({ state, warn }: Session): void {
  let found: ReturnType<typeof findCutOff>;
  try {
    found = findCutOff(state.folders.state);
  } catch (error) {
    // The journal is for people. That it cannot be read must not keep services away.
    if (!(error instanceof IpvstateError)) throw error;
    warn(`${error.message}: whether the last run was cut off is not known`);
  }
  if (!found) return;
  const { begin, answered } = found;
  const when = formatTime(new Date(begin.time), state.clock.now());
  const of = `after operation ${answered} of ${Math.max(begin.operations, answered)}`;
  warn(
    `the ${begin.verb} of ${when} (pid ${begin.pid}) was cut off ${of}; this run goes on from what the kernel has`,
  );
  closeCutOff(state, found);
}

export function isExpired({ deadlineSeconds }: PendingTry, { clock }: State): boolean {
  return clock.monotonicSeconds() >= deadlineSeconds;
}

/** Throws `REFUSED` while a try waits to be confirmed. */
export function refuseWhilePending({ pending, state }: Pick<Session, 'pending' | 'state'>): void {
  if (!pending) return;
  const { clock } = state;
  const seconds = Math.max(0, Math.ceil(pending.deadlineSeconds - clock.monotonicSeconds()));
  const isWaiting = pending.phase === 'waiting';
  const phase = isWaiting ? 'waits to be confirmed' : 'was cut off while it was applied';
  throw new IpvstateError(
    'REFUSED',
    `the try of ${formatTime(new Date(pending.started), clock.now())} ${phase}, and is rolled back in ${seconds} s; nothing was changed`,
    {
      hint: `${isWaiting ? 'Keep it with `ipvstate confirm`, or roll' : 'Roll'} it back now with \`ipvstate rollback\`.`,
    },
  );
}

/** Says, for verbs that only read, that a try may soon change the table. Changes no record. */
export async function notePendingTry(environment: RecoveryEnvironment): Promise<void> {
  const state = await environment.state();
  const pending = await openRecords(state, () => {})
    .pending.read()
    .catch((error: Error) => {
      environment.output.note(
        `ipvstate: ${error.message}: whether a try is pending is not known\n`,
      );
      return undefined;
    });
  if (!pending) return;
  const { clock } = state;
  const when = formatTime(new Date(pending.started), clock.now());
  const seconds = Math.ceil(pending.deadlineSeconds - clock.monotonicSeconds());
  environment.output.note(
    isExpired(pending, state)
      ? `ipvstate: the try of ${when} was not confirmed in time and is not rolled back yet; the next command that writes rolls it back\n`
      : `ipvstate: the try of ${when} waits to be confirmed, and is rolled back in ${seconds} s\n`,
  );
}
