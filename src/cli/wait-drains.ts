import { IpvstateError } from '../errors.ts';
import { type DrainKey, drainKey } from '../model/drain.ts';
import type { Drain } from '../plan/drain.ts';
import type { Report } from '../plan/report.ts';
import { aborted } from '../reconcile/aborted.ts';
import type { Clock } from '../recovery/clock.ts';
import { formatDrain } from '../render/drains.ts';

export interface WaitOptions {
  readonly clock: Pick<Clock, 'sleep' | 'monotonicSeconds'>;
  readonly signal: AbortSignal;
  /** Told how each drain gets on. */
  readonly tell: (line: string) => void;
  /** Looks again at services that drain, and deletes what has emptied, or has no time left. */
  readonly reconcileAgain: (drains: readonly Drain[]) => Promise<Report>;
}

/** What came of waiting. */
export interface Waited {
  /** The first report, with all that was done since. */
  readonly report: Report;
  /** Destinations that were deleted when they had drained. */
  readonly finished: number;
}

const POLL_MILLISECONDS = 1000;
/** A drain that does not move is mentioned so often. */
const REPEAT_SECONDS = 10;

/** Waits until nothing drains any more, until something goes wrong, or until the signal: the next apply goes on then. */
export async function waitForDrains(
  first: Report,
  { clock, signal, tell, reconcileAgain }: WaitOptions,
): Promise<Waited> {
  const told = new Map<DrainKey, { readonly connections: number; readonly at: number }>();
  const draining = new Set<DrainKey>();
  // One listener for the whole wait: Node warns of more than ten.
  const stopped = aborted(signal);
  let report = first;
  while (report.drains.length > 0 && isGood(report)) {
    const now = clock.monotonicSeconds();
    for (const drain of report.drains) {
      const key = drainKey(drain.service, drain.destination);
      draining.add(key);
      const last = told.get(key);
      if (last?.connections === drain.connections && now - last.at < REPEAT_SECONDS) continue;
      tell(formatDrain(drain));
      told.set(key, { connections: drain.connections, at: now });
    }
    await Promise.race([clock.sleep(POLL_MILLISECONDS), stopped]);
    if (signal.aborted) break;
    report = merge(report, await again(report, reconcileAgain));
  }
  return { report, finished: draining.size - report.drains.length };
}

async function again(
  report: Report,
  reconcileAgain: WaitOptions['reconcileAgain'],
): Promise<Report> {
  try {
    return await reconcileAgain(report.drains);
  } catch (error) {
    if (!(error instanceof IpvstateError)) throw error;
    return { ...report, outcome: 'partial', error, done: 0 };
  }
}

function merge(report: Report, next: Report): Report {
  const isFine = isGood(next);
  return {
    ...(isFine ? report : next),
    plan: report.plan,
    done: report.done + next.done,
    drains: isFine ? next.drains : report.drains,
  };
}

function isGood({ outcome }: Report): boolean {
  return outcome === 'applied' || outcome === 'in-sync';
}
