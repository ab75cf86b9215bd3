import type { ApiServices, ApiStatus } from '../api/documents.ts';
import type { HistoryDocument } from './documents.ts';
import { parseDocument } from './documents.ts';
import type { PageEvent } from './page-state.ts';

/** Without an event for so long, the page is stale. The daemon sends one every 2 seconds. */
const SILENCE_MILLISECONDS = 10_000;
/** A stream that the daemon refused, because it has too many, is asked for again after so long. */
const RETRY_MILLISECONDS = 5000;
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
      if (stream.readyState !== EventSource.CLOSED)
        return this.#onEvent({ kind: 'silence', since: this.#lastEvent });
      if (stream !== this.#stream) return;
      this.#connectIn(RETRY_MILLISECONDS);
      void this.#fetchState();
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

  /** Fetches what a refused stream would send. */
  async #fetchState(): Promise<void> {
    try {
      const status = await fetchDocument<ApiStatus>('/api/v1/status');
      if (status) this.#receive({ kind: 'status', document: status });
      const services = await fetchDocument<ApiServices>('/api/v1/services');
      if (services) this.#receive({ kind: 'services', document: services });
      for (const service of this.#open) {
        const query = `service=${encodeURIComponent(service)}`;
        const document = await fetchDocument<ApiServices>(`/api/v1/services?${query}`);
        if (document) this.#receive({ kind: 'service', document });
      }
    } catch {
      this.#onEvent({ kind: 'silence', since: this.#lastEvent });
    }
  }

  async #fetchHistory(): Promise<void> {
    try {
      const path = `/api/v1/history?limit=${SHOWN_RUNS}`;
      const document = await fetchDocument<HistoryDocument>(path);
      if (document) this.#onEvent({ kind: 'history', document });
    } catch {
      // The stream of events says that the daemon is away. The next pass fetches the history again.
      this.#lastPass = undefined;
    }
  }
}

/** Returns undefined for an error of the daemon. Throws when it does not answer. */
async function fetchDocument<T>(path: string): Promise<T | undefined> {
  const answer = await fetch(path);
  return answer.ok ? parseDocument<T>(await answer.text()) : undefined;
}
