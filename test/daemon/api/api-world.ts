import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'vitest';
import { type ApiDocuments, apiDocuments } from '../../../src/daemon/api/api-documents.ts';
import { apiPages } from '../../../src/daemon/api/api-pages.ts';
import type { FindHealth } from '../../../src/daemon/api/destination-health.ts';
import type { ApiServices, ApiStatus, DoctorWarning } from '../../../src/daemon/api/documents.ts';
import type { EventResponse, Page, Pages } from '../../../src/daemon/http/server.ts';
import type { Status } from '../../../src/daemon/status/status.ts';
import { statusOfLoop } from '../../../src/daemon/status/status-of-loop.ts';
import type { Counters, Ipvs, Stats } from '../../../src/model/ipvs.ts';
import type { ServiceKey } from '../../../src/model/service.ts';
import type { Table } from '../../../src/model/table.ts';
import type { DriftMode } from '../../../src/reconcile/loop/loop-state.ts';
import type { PendingTry } from '../../../src/recovery/records/records.ts';
import { type Content, LoopWorld, type WorldOptions } from '../../support/loop-world.ts';
import { settle } from '../../support/virtual-clock.ts';

const ajv = new Ajv({ strict: false, allErrors: true, formats: { 'date-time': true } });
for (const name of readdirSync('schemas'))
  ajv.addSchema(JSON.parse(readFileSync(`schemas/${name}`, 'utf8')));

/** Returns a document that its published schema describes. */
export function validDocument<T>(document: { readonly format: string }): T {
  const kind = document.format.replace('ipvstate-', '');
  const validate = ajv.getSchema(`urn:ipvstate:schema:${kind}:1`);
  if (!validate) throw new Error(`there is no schema ${kind}`);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  return document as T;
}

/** The wall clock of a world begins here. */
const START = Date.parse('2026-05-04T12:00:00Z');

/** A running loop whose pages a test asks for. Its kernel has traffic, and counts its readers. */
export class ApiWorld extends LoopWorld {
  readonly documents: ApiDocuments;
  readonly pages: Pages;
  /** The reads of the pages, with the services that were asked for. */
  readonly reads: (readonly ServiceKey[] | 'all')[] = [];
  /** New connections per second of each destination. The bytes are 100 times as many. */
  rate = 0;
  failure: Error | undefined;
  /** A read waits for it. */
  delay: Promise<void> | undefined;
  pendingTry: PendingTry | Error | undefined;
  warnings: readonly DoctorWarning[] | Error = [];
  looksOfDoctor = 0;
  texts: ReadonlyMap<string, string> = new Map();
  /** Finds the answers to checks. Nothing is checked at first. */
  findHealth: FindHealth = () => undefined;
  readonly #drift: DriftMode;

  constructor(live: Table, content: Content, options?: WorldOptions) {
    super(live, content, options);
    this.#drift = options?.drift ?? 'correct';
    this.documents = apiDocuments({
      host: 'director1',
      state: () => this.state,
      status: () => this.status(),
      texts: () => this.texts,
      pendingTry: async () => {
        if (this.pendingTry instanceof Error) throw this.pendingTry;
        return this.pendingTry;
      },
      clock: { now: () => this.wallTime(), monotonicSeconds: () => this.clock.now() / 1000 },
      monotonic: this.clock,
      openKernel: async () => this.#openKernel(),
      examine: async () => {
        this.looksOfDoctor++;
        if (this.warnings instanceof Error) throw this.warnings;
        return this.warnings;
      },
      findHealth: (service, destination) => this.findHealth(service, destination),
    });
    const history = async (limit: number) => ({ format: 'ipvstate-history', limit });
    this.pages = apiPages(this.documents, history, this.clock);
  }

  wallTime(): Date {
    return new Date(START + this.clock.now());
  }

  status(): Status {
    const now = this.clock.now();
    return statusOfLoop(this.state, {
      ...{ version: '1.2.3', pid: 42, started: new Date(START).toISOString() },
      drift: this.#drift,
      drainClockSeconds: now / 1000,
      wallSeconds: (START + now) / 1000,
      wallTime: (time) => new Date(START + time).toISOString(),
    });
  }

  /** Asks for a page, such as `/api/v1/services?service=fwmark:7`. */
  async ask(target: string, headers: Record<string, string> = {}): Promise<Page> {
    const { pathname, searchParams } = new URL(target, 'http://localhost');
    const answer = await this.pages[pathname]?.({ query: searchParams, headers });
    if (!answer || 'open' in answer) throw new Error(`${target} is no page`);
    return answer;
  }

  /** Asks for a page that is a document, which has to be valid. */
  async document<T>(target: string, status = 200): Promise<T> {
    const page = await this.ask(target);
    expect(page.status).toBe(status);
    return validDocument<T>(JSON.parse(String(page.body)));
  }

  services(query = ''): Promise<ApiServices> {
    return this.document<ApiServices>(`/api/v1/services${query}`);
  }

  /** Follows the events, as a browser does. */
  async follow(query = ''): Promise<EventClient> {
    const client = new EventClient();
    const answer = await this.pages['/events']?.({
      query: new URLSearchParams(query),
      headers: {},
    });
    if (!answer || !('open' in answer)) throw new Error('no stream of events');
    answer.open(client);
    await settle();
    return client;
  }

  #openKernel(): Ipvs {
    return {
      ...this.ipvs,
      close: () => {},
      read: async (options = {}) => {
        const services = options.services ? [...options.services] : undefined;
        this.reads.push(services ?? 'all');
        await this.delay;
        if (this.failure) throw this.failure;
        const table = this.ipvs.table();
        const wanted = services && new Set(services);
        const read = [...table.services].filter(([key]) => !wanted || wanted.has(key));
        return {
          table: { ...table, services: new Map(read) },
          counters: this.#counters(table),
          unmanageable: [],
        };
      },
    };
  }

  #counters({ services }: Table): Counters {
    return new Map(
      [...services].map(([key, { destinations }]) => [
        key,
        {
          stats: statsOf(this.rate * destinations.size),
          destinations: new Map(
            [...destinations.keys()].map((destination) => [
              destination,
              { active: 2, inactive: 1, persistent: 0, stats: statsOf(this.rate) },
            ]),
          ),
        },
      ]),
    );
  }
}

function statsOf(rate: number): Stats {
  const value = BigInt(rate);
  return {
    ...{ connections: 2n ** 60n, inPackets: 5n, outPackets: 6n, inBytes: 7n, outBytes: 8n },
    ...{ connectionRate: value, inPacketRate: value, outPacketRate: value },
    ...{ inByteRate: value * 60n, outByteRate: value * 40n },
  };
}

/** An event as a browser receives it. */
export interface ReceivedEvent {
  readonly event: 'status' | 'services' | 'service';
  readonly document: Omit<ApiServices, 'format'> & Pick<ApiStatus, 'status'>;
}

/** The other end of a stream of events. */
export class EventClient implements EventResponse {
  text = '';
  isDestroyed = false;
  writableLength = 0;
  #onClose = (): void => {};

  write(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString();
  }

  on(_event: 'close', listener: () => void): void {
    this.#onClose = listener;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.#onClose();
  }

  /** Returns the events since the last call. Each document has to be valid. */
  take(): readonly ReceivedEvent[] {
    const messages = this.text.split('\n\n');
    this.text = '';
    return messages.flatMap((message) => {
      const [, event, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
      if (event === undefined) return [];
      return [{ event, document: validDocument(JSON.parse(data)) } as ReceivedEvent];
    });
  }
}
