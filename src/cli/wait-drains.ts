import { IpvstateError } from '../errors.ts';
import { type DrainKey, drainKey } from '../model/drain.ts';
import type { Drain } from '../plan/drain/drain.ts';
import type { Report } from '../plan/report.ts';
import { aborted } from '../reconcile/aborted.ts';
import type { RecordClock } from '../recovery/clock.ts';
import { formatDrain } from '../render/drains.ts';
import { reachedDesired } from './run-plan.ts';

export interface WaitOptions {
  readonly clock: Pick<RecordClock, 'sleep' | 'monotonicSeconds'>;
  readonly signal: AbortSignal;
  /** Receives a line about the progress of each drain. */
  readonly note: (line: string) => void;
  /** Plans the draining services again: deletes destinations that are empty or out of time. */
  readonly reconcileAgain: (drains: readonly Drain[]) => Promise<Report>;
}

/** End of the wait. */
export interface WaitResult {
  /** The first report, with the operations done since. */
  readonly report: Report;
  /** Number of destinations that have drained and were deleted. */
  readonly deletedCount: number;
}

const POLL_MILLISECONDS = 1000;
/** Interval between lines about a drain that does not change. */
const REPEAT_SECONDS = 10;

/** Waits until no destination drains, a pass fails, or `signal` aborts. A later apply continues. */
export async function waitForDrains(
  first: Report,
  { clock, signal, note, reconcileAgain }: WaitOptions,
): Promise<WaitResult> {
  const noted = new Map<DrainKey, { readonly count: string; readonly at: number }>();
  const warned = new Set(first.warnings);
  const draining = new Set<DrainKey>();
  // One listener serves the whole wait, because Node warns about more than ten.
  const stopped = aborted(signal);
  let report = first;
  while (report.drains.length > 0 && reachedDesired(report)) {
    const now = clock.monotonicSeconds();
    for (const drain of report.drains) {
      const key = drainKey(drain.service, drain.destination);
      draining.add(key);
      const count = `${drain.connections}, ${drain.connections === 0 ? drain.remembered : ''}`;
      const last = noted.get(key);
      if (last?.count === count && now - last.at < REPEAT_SECONDS) continue;
      note(formatDrain(drain));
      noted.set(key, { count, at: now });
    }
    await Promise.race([clock.sleep(POLL_MILLISECONDS), stopped]);
    if (signal.aborted) break;
    const next = await reconcileOrFail(report, reconcileAgain);
    for (const warning of next.warnings) {
      if (!warned.has(warning)) note(`warning: ${warning}`);
      warned.add(warning);
    }
    report = merge(report, next);
  }
  return { report, deletedCount: draining.size - report.drains.length };
}

/** Reconciles again. An error becomes the error of the report. */
async function reconcileOrFail(
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
  const isGood = reachedDesired(next);
  return {
    ...(isGood ? report : next),
    plan: report.plan,
    done: report.done + next.done,
    drains: isGood ? next.drains : report.drains,
  };
}
