import { IpvstateError } from '../errors.ts';
import { formatTime } from './clock.ts';
import type { RecoveryEnvironment } from './environment.ts';
import { closeCutOff, findCutOff } from './journal/cut-off.ts';
import { takeLock } from './lock.ts';
import { openRecords, type PendingTry, type Records } from './records/records.ts';
import type { State } from './state.ts';

/** One command that writes to the kernel's table, alone in its network namespace. */
export interface Session {
  readonly state: State;
  readonly records: Records;
  /** Tells the operator. */
  readonly warn: (message: string) => void;
  /** A try that is neither confirmed nor undone; it may have expired. */
  readonly pending: PendingTry | undefined;
}

/** Takes the lock, and reads what earlier runs left. Throws `LOCKED`. */
export async function withSession<T>(
  verb: string,
  lockTimeoutSeconds: number,
  environment: RecoveryEnvironment,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const state = await environment.state();
  const { clock } = state;
  const lock = await takeLock(state.lockPath, {
    command: `ipvstate ${verb}`,
    timeoutSeconds: lockTimeoutSeconds,
    clock,
  });
  try {
    const warn = (message: string): void => environment.output.warn(`ipvstate: ${message}\n`);
    const records = openRecords(state, warn);
    const pending = await records.pending.take(({ started }) =>
      warn(
        `the try of ${formatTime(new Date(started), clock.now())} is void: the kernel's table that it changed is gone`,
      ),
    );
    return await use({ state, records, warn, pending });
  } finally {
    await lock.release();
  }
}

/** Unlike any other on this machine. */
export function newRunId({ clock }: State): string {
  return `${clock.now().getTime().toString(36)}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
}

/** Says, once, that the last run has no end: whoever holds the lock knows that it does not go on. */
export function reportCutOff({ state, warn }: Session): void {
  const found = findCutOff(state.folders.state);
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
export function refuseWhilePending({ pending, state }: Session): void {
  if (!pending) return;
  const { clock } = state;
  const seconds = Math.max(0, Math.ceil(pending.deadlineSeconds - clock.monotonicSeconds()));
  const what =
    pending.phase === 'waiting' ? 'waits to be confirmed' : 'was cut off while it was applied';
  throw new IpvstateError(
    'REFUSED',
    `the try of ${formatTime(new Date(pending.started), clock.now())} ${what}, and is undone in ${seconds} s; nothing was changed`,
    {
      hint: `${pending.phase === 'waiting' ? 'Keep it with `ipvstate confirm`, or undo' : 'Undo'} it now with \`ipvstate rollback\`.`,
    },
  );
}
