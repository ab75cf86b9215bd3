import { openRecords } from '../recovery/records/records.ts';
import { isExpired } from '../recovery/session.ts';
import type { State } from '../recovery/state.ts';
import type { Log } from './log/log.ts';
import type { Notifier } from './notify.ts';

const LOOK_MILLISECONDS = 1000;

interface Ports {
  readonly log: Pick<Log, 'warn'>;
  readonly notifier: Notifier;
  readonly signal: AbortSignal;
}

/**
 * Waits until a try that was pending when the daemon started is confirmed, rolled back or overdue.
 * The daemon is not needed for its end. The service manager gets signs of life meanwhile: a try may
 * take longer than the manager waits for one.
 */
export async function awaitPendingTry(
  state: State,
  { log, notifier, signal }: Ports,
): Promise<void> {
  const { clock } = state;
  const { pending } = openRecords(state, () => {});
  const { watchdogMilliseconds = Number.POSITIVE_INFINITY } = notifier;
  let nextSignSeconds = clock.monotonicSeconds() + watchdogMilliseconds / 1000;
  for (let isSaid = false; !signal.aborted; isSaid = true) {
    const found = await pending.readPatiently(
      clock,
      (message) => log.warn({ event: 'state' }, message),
      signal,
    );
    if (!found || isExpired(found, state)) return;
    if (!isSaid) {
      const text = 'a try is pending: nothing is written until it is confirmed or rolled back';
      log.warn({ event: 'pending-try', try: found.id }, text);
      await notifier.notify({ READY: '1', STATUS: text });
    }
    if (clock.monotonicSeconds() >= nextSignSeconds) {
      await notifier.notify({ WATCHDOG: '1' });
      nextSignSeconds = clock.monotonicSeconds() + watchdogMilliseconds / 1000;
    }
    await clock.sleep(Math.min(LOOK_MILLISECONDS, watchdogMilliseconds));
  }
}
