import { IpvstateError } from '../../errors.ts';
import type { Clock } from '../../model/clock.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { FleetView } from '../fleet/fleet-view.ts';
import { errorPage } from '../http/error-page.ts';
import { type Page, type PageRequest, type Pages, textPage } from '../http/server.ts';
import type { ApiDocuments, DocumentPorts } from './api-documents.ts';
import { EventStreams, MAX_FOLLOWED } from './events.ts';
import { expectWords, limitIn, servicesIn } from './query.ts';

/** The parts of the program that the pages show and the daemon does not know. */
export interface LookPorts extends Pick<DocumentPorts, 'examine'> {
  /** The document of `ipvstate history`, with at most so many runs. */
  readonly history: (limit: number) => Promise<unknown>;
}

/** The pages below /api/v1, and the events. `fleet`: undefined without etcd. */
export function apiPages(
  documents: ApiDocuments,
  history: LookPorts['history'],
  clock: Clock,
  fleet?: Pick<FleetView, 'document'>,
): Pages {
  const streams = new EventStreams(documents, clock);
  return {
    '/api/v1/status': answering(async ({ query }) => {
      expectWords(query, []);
      return jsonPage(await documents.status());
    }),
    '/api/v1/services': answering(async ({ query }) => {
      expectWords(query, ['service']);
      const [key] = servicesIn(query, 1, documents.names);
      if (key === undefined) return jsonTextPage(await documents.allServices());
      const found = await documents.details([key]);
      return found.services.length > 0 ? jsonPage(found) : errorPage(404, unknownService(key));
    }),
    '/api/v1/history': answering(async ({ query }) => {
      expectWords(query, ['limit']);
      return jsonPage(await history(limitIn(query)));
    }),
    ...(fleet && {
      '/api/v1/fleet': answering(async ({ query }) => {
        expectWords(query, []);
        return jsonPage(await fleet.document());
      }),
    }),
    '/events': answering(({ query }) => {
      expectWords(query, ['service']);
      const keys = servicesIn(query, MAX_FOLLOWED, documents.names);
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
