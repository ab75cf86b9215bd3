import { parseDocument } from '../documents.ts';
import type { FleetAnswer } from './fleet-documents.ts';

export type FleetEvent =
  | { readonly kind: 'fleet'; readonly document: FleetAnswer }
  /** The daemon does not answer. `since` is when it answered last. */
  | { readonly kind: 'silence'; readonly since: number };

/** The least time between two questions. */
const ASK_MILLISECONDS = 2000;
/** A daemon that has not answered for so long is away. */
const PATIENCE_MILLISECONDS = 10_000;

/** Asks the daemon for the fleet again and again, while a person can see the page. */
export function followFleet(onEvent: (event: FleetEvent) => void): () => void {
  const closing = new AbortController();
  let timer = 0;
  let isAsking = false;
  let answered = Date.now();
  const ask = async (): Promise<void> => {
    window.clearTimeout(timer);
    if (isAsking || document.hidden || closing.signal.aborted) return;
    isAsking = true;
    let interval = ASK_MILLISECONDS;
    try {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(PATIENCE_MILLISECONDS)]);
      const answer = await fetch('/api/v1/fleet', { signal });
      if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
      const fleet = parseDocument<FleetAnswer>(await answer.text());
      answered = Date.now();
      interval = Math.max(interval, fleet.interval_seconds * 1000);
      onEvent({ kind: 'fleet', document: fleet });
    } catch {
      onEvent({ kind: 'silence', since: answered });
    }
    isAsking = false;
    if (!closing.signal.aborted) timer = window.setTimeout(ask, interval);
  };
  const askNow = (): void => void ask();
  document.addEventListener('visibilitychange', askNow, { signal: closing.signal });
  window.addEventListener('online', askNow, { signal: closing.signal });
  askNow();
  return () => {
    window.clearTimeout(timer);
    closing.abort();
  };
}
