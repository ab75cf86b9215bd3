import type { HistoryDocument } from './documents.ts';
import { parseDocument } from './documents.ts';
import type { PageEvent } from './page-state.ts';

/** Without an event for so long, the page is stale. The daemon sends one every 2 seconds. */
const SILENCE_MILLISECONDS = 10_000;
/** A stream that the daemon refused is asked for again after so long. */
const RETRY_MILLISECONDS = 3000;
/** Services that open at the same time are asked for at once. */
const SETTLE_MILLISECONDS = 100;
const SHOWN_RUNS = 20;
/** The daemon sends the destinations of so many services at most. */
export const MAX_OPEN = 4;

const EVENTS = ['status', 'services', 'service'] as const;

/** Follows the events of the daemon, and connects again when they end. */
export class Feed {
  readonly #onEvent: (event: PageEvent) => void;
  #open: readonly string[] = [];
  #stream: EventSource | undefined;
  #timer: number | undefined;
  #lastEvent = Date.now();
  #lastConnect = 0;
  #lastPass: string | undefined;

  constructor(onEvent: (event: PageEvent) => void) {
    this.#onEvent = onEvent;
  }

  start(): void {
    this.#connect();
    window.setInterval(() => this.#look(), 1000);
    // A laptop that wakes up has a dead connection.
    window.addEventListener('online', () => this.#connect());
  }

  /** Sets the services whose destinations are followed. */
  follow(services: readonly string[]): void {
    if (services.join('\n') === this.#open.join('\n')) return;
    this.#open = services;
    this.#connectIn(SETTLE_MILLISECONDS);
  }

  #connectIn(milliseconds: number): void {
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#connect(), milliseconds);
  }

  #connect(): void {
    window.clearTimeout(this.#timer);
    this.#stream?.close();
    this.#lastConnect = Date.now();
    const query = this.#open.map((service) => `service=${encodeURIComponent(service)}`).join('&');
    const stream = new EventSource(query === '' ? '/events' : `/events?${query}`);
    this.#stream = stream;
    for (const kind of EVENTS)
      stream.addEventListener(kind, ({ data }: MessageEvent<string>) => {
        this.#receive({ kind, document: parseDocument(data) } as PageEvent);
      });
    stream.addEventListener('error', () => {
      // The browser connects again by itself, except when the answer was no stream of events.
      if (stream.readyState === EventSource.CLOSED && stream === this.#stream)
        this.#connectIn(RETRY_MILLISECONDS);
      this.#onEvent({ kind: 'silence', since: this.#lastEvent });
    });
  }

  #receive(event: PageEvent): void {
    this.#lastEvent = Date.now();
    this.#onEvent(event);
    if (event.kind !== 'status') return;
    const pass = event.document.status.last_pass?.at ?? '';
    if (pass === this.#lastPass) return;
    this.#lastPass = pass;
    void this.#fetchHistory();
  }

  /** A connection that died without an end, as after a suspend, is made again. */
  #look(): void {
    const now = Date.now();
    if (now - this.#lastEvent < SILENCE_MILLISECONDS) return;
    this.#onEvent({ kind: 'silence', since: this.#lastEvent });
    if (now - this.#lastConnect > SILENCE_MILLISECONDS) this.#connect();
  }

  async #fetchHistory(): Promise<void> {
    try {
      const answer = await fetch(`/api/v1/history?limit=${SHOWN_RUNS}`);
      if (!answer.ok) return;
      const document = parseDocument<HistoryDocument>(await answer.text());
      this.#onEvent({ kind: 'history', document });
    } catch {
      // The stream of events says that the daemon is away. The next pass fetches the history again.
      this.#lastPass = undefined;
    }
  }
}
