import { IpvstateError } from '../../errors.ts';
import type { Clock } from '../../model/clock.ts';
import { parseServiceKey, type ServiceKey, serviceKey } from '../../model/service.ts';
import { errorView, formatErrorJson } from '../../render/error-json.ts';
import { exitCodeOfError } from '../../render/exit.ts';
import { type Page, type PageRequest, type Pages, textPage } from '../http/server.ts';
import type { ApiDocuments, DocumentPorts } from './api-documents.ts';
import { EventStreams, MAX_FOLLOWED } from './events.ts';

/** The parts of the program that the pages show and the daemon does not know. */
export interface LookPorts extends Pick<DocumentPorts, 'examine'> {
  /** The document of `ipvstate history`, with at most so many runs. */
  readonly history: (limit: number) => Promise<unknown>;
}

const DEFAULT_RUNS = 20;
const MAX_RUNS = 200;

/** The pages below /api/v1, and the events. */
export function apiPages(
  documents: ApiDocuments,
  history: LookPorts['history'],
  clock: Clock,
): Pages {
  const streams = new EventStreams(documents, clock);
  return {
    '/api/v1/status': answering(async () => jsonPage(await documents.status())),
    '/api/v1/services': answering(async ({ query }) => {
      const [key] = keysIn(query, 1);
      if (key === undefined) return jsonTextPage(await documents.allServices());
      const found = await documents.details([key]);
      return found.services.length > 0 ? jsonPage(found) : errorPage(404, unknownService(key));
    }),
    '/api/v1/history': answering(async ({ query }) => jsonPage(await history(limitIn(query)))),
    '/events': answering(({ query }) => {
      const keys = keysIn(query, MAX_FOLLOWED);
      if (!streams.isFull) return { open: (response) => streams.add(response, keys) };
      const busy = textPage(503, 'Too many clients follow the events');
      return { ...busy, headers: { 'retry-after': '10' } };
    }),
  };
}

/** Answers with an error document what a page throws, and requests of foreign web pages. */
function answering(page: Pages[string]): Pages[string] {
  return async (request: PageRequest) => {
    if (isOfForeignPage(request)) return errorPage(403, foreign());
    try {
      return await page(request);
    } catch (error) {
      if (!(error instanceof IpvstateError)) return errorPage(500, error);
      return errorPage(error.code === 'USAGE' ? 400 : 503, error);
    }
  };
}

/**
 * Tells whether a browser says that the page of another site asks. It could not read the answer,
 * but it could take all the streams of events.
 */
function isOfForeignPage({ headers }: PageRequest): boolean {
  return ['cross-site', 'same-site'].includes(String(headers['sec-fetch-site']));
}

function foreign(): IpvstateError {
  return new IpvstateError('PERMISSION', 'a web page of another site may not ask this');
}

/** The services that a request names by their addresses. Throws `USAGE`. */
function keysIn(query: URLSearchParams, most: number): readonly ServiceKey[] {
  const words = query.getAll('service');
  if (words.length > most) {
    throw new IpvstateError(
      'USAGE',
      `${words.length} services are named, and at most ${most} can be`,
    );
  }
  return words.map((word) => {
    const identity = parseServiceKey(word);
    if (identity) return serviceKey(identity);
    throw new IpvstateError(
      'USAGE',
      `"${word.slice(0, MAX_ECHOED)}" is not the address of a service`,
      {
        hint: 'Write an address such as tcp://192.0.2.10:443 or fwmark:7.',
      },
    );
  });
}

const MAX_ECHOED = 100;

/** Throws `USAGE`. */
function limitIn(query: URLSearchParams): number {
  const word = query.get('limit') ?? String(DEFAULT_RUNS);
  const limit = /^[1-9]\d{0,3}$/.test(word) ? Number(word) : MAX_RUNS + 1;
  if (limit <= MAX_RUNS) return limit;
  throw new IpvstateError('USAGE', `limit is not a number from 1 to ${MAX_RUNS}`);
}

function unknownService(key: ServiceKey): IpvstateError {
  return new IpvstateError('USAGE', `there is no service ${key}`, {
    hint: '/api/v1/services lists the services.',
  });
}

function jsonPage(document: unknown): Page {
  return jsonTextPage(JSON.stringify(document));
}

function jsonTextPage(json: string): Page {
  return { status: 200, type: 'application/json', body: `${json}\n` };
}

function errorPage(status: number, error: unknown): Page {
  const body = formatErrorJson(errorView(error), exitCodeOfError(error));
  return { status, type: 'application/json', body };
}
