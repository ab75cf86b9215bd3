import type { Clock } from '../../model/clock.ts';
import { printableLines } from '../../model/printable.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { EventResponse } from '../http/server.ts';
import type { ApiDocuments } from './api-documents.ts';
import type { ApiServices, ApiStatus } from './documents.ts';
import { READ_MILLISECONDS } from './kernel-readings.ts';
import { ShownServices } from './shown-services.ts';

/** The documents that events have. */
type EventDocuments = Pick<ApiDocuments, 'status' | 'services' | 'details'>;

/** Probes and scrapes need the other connections. */
const MAX_CLIENTS = 32;
/** The services whose destinations one client can follow. */
export const MAX_FOLLOWED = 4;
/** A browser connects again after so long. */
const RETRY_MILLISECONDS = 2000;
/** A client that has not taken all of its events for so long, or has so many left, is dropped. */
const SLOW_MILLISECONDS = 10_000;
const MAX_BYTES_LEFT = 8 << 20;

interface Client {
  readonly response: EventResponse;
  /** The services whose destinations are followed. */
  readonly services: readonly ServiceKey[];
  /** Since when some of its events are not sent. undefined: all are. */
  slowSince: number | undefined;
}

/**
 * The streams of /events. All clients share one look at the daemon and the kernel each interval,
 * and nothing is read when there is no client.
 */
export class EventStreams {
  readonly #documents: EventDocuments;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #clients = new Set<Client>();
  /** The clients that have the first state. */
  readonly #current = new Set<Client>();
  readonly #shown = new ShownServices();
  #shownStatus = '';
  #cancelTimer: (() => void) | undefined;
  /** Looks do not overlap: each sends what has changed since the one before. */
  #turn: Promise<void> = Promise.resolve();

  constructor(documents: EventDocuments, clock: Pick<Clock, 'now' | 'after'>) {
    this.#documents = documents;
    this.#clock = clock;
  }

  /** True when another client would be one too many. */
  get isFull(): boolean {
    return this.#clients.size >= MAX_CLIENTS;
  }

  /** Sends the first state to a client, and then each change, until it leaves. */
  add(response: EventResponse, services: readonly ServiceKey[]): void {
    const client: Client = { response, services, slowSince: undefined };
    this.#clients.add(client);
    response.on('close', () => this.#remove(client));
    send([client], `retry: ${RETRY_MILLISECONDS}\n\n`);
    this.#inTurn(() => this.#begin(client));
  }

  #remove(client: Client): void {
    this.#clients.delete(client);
    this.#current.delete(client);
    if (this.#clients.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#shown.clear();
    this.#shownStatus = '';
  }

  /** The status comes first: it needs no read of the kernel. */
  async #begin(client: Client): Promise<void> {
    if (!this.#clients.has(client)) return;
    const status = await this.#documents.status();
    send([client], eventOf('status', status));
    const isFirst = this.#current.size === 0;
    if (isFirst) this.#shownStatus = comparable(status);
    await this.#sendServices();
    send([client], messageOf('services', this.#shown.whole()));
    await this.#sendDetails(new Set([client]));
    if (!this.#clients.has(client)) return;
    this.#current.add(client);
    this.#cancelTimer ??= this.#startTimer();
  }

  #startTimer(): () => void {
    return this.#clock.after(READ_MILLISECONDS, () => this.#inTurn(() => this.#look()));
  }

  /** Sends what has changed, and looks again later. */
  async #look(): Promise<void> {
    try {
      this.#dropSlow();
      // A comment shows that the daemon is there, also while a read takes long.
      send(this.#current, ':\n\n');
      const status = await this.#documents.status();
      const compared = comparable(status);
      if (compared !== this.#shownStatus) send(this.#current, eventOf('status', status));
      this.#shownStatus = compared;
      await this.#sendServices();
      await this.#sendDetails(this.#current);
    } finally {
      this.#cancelTimer = this.#clients.size > 0 ? this.#startTimer() : undefined;
    }
  }

  /** Sends the services that changed to those who have the first state. */
  async #sendServices(): Promise<void> {
    const changes = this.#shown.update(await this.#documents.services());
    send(this.#current, messageOf('services', changes));
  }

  async #sendDetails(clients: ReadonlySet<Client>): Promise<void> {
    const wanted = new Set([...clients].flatMap(({ services }) => services));
    if (wanted.size === 0) return;
    // The document of all services has said already that the kernel cannot be read.
    const found = await this.#documents.details([...wanted]).catch(() => undefined);
    if (!found) return;
    const { services, ...head } = found;
    for (const one of services) {
      const followers = [...clients].filter((client) =>
        client.services.some((key) => key === one.service),
      );
      send(followers, eventOf('service', { ...head, services: [one] }));
    }
  }

  /** Drops the clients that do not read. Their events would fill the memory. */
  #dropSlow(): void {
    const now = this.#clock.now();
    for (const client of this.#clients) {
      const { writableLength } = client.response;
      client.slowSince = writableLength === 0 ? undefined : (client.slowSince ?? now);
      const isSlow = client.slowSince !== undefined && now - client.slowSince > SLOW_MILLISECONDS;
      if (isSlow || writableLength > MAX_BYTES_LEFT) client.response.destroy();
    }
  }

  /** A look that fails by a bug ends the streams: clients then connect again. */
  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch(() => {
      for (const { response } of this.#clients) response.destroy();
    });
  }
}

/** All clients get the same bytes, which are kept once. */
function send(clients: Iterable<Client>, message: string): void {
  const bytes = Buffer.from(message);
  for (const { response } of clients) response.write(bytes);
}

function eventOf(name: string, document: ApiStatus | ApiServices): string {
  return messageOf(name, JSON.stringify(document));
}

/** JSON without line breaks is one line of data. */
function messageOf(name: string, json: string): string {
  return `event: ${name}\ndata: ${printableLines(json)}\n\n`;
}

/** A status without its own time, to tell whether something has changed. */
function comparable(status: ApiStatus): string {
  return JSON.stringify({ ...status, at: '' });
}
