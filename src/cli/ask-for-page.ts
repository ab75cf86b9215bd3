import type { ApiServices, ApiStatus, ServiceSummary } from '../daemon/api/documents.ts';
import { isApiServices, isApiStatus } from '../daemon/api/parse-documents.ts';
import { askDaemon, unknownAnswer } from '../daemon/control/client.ts';
import { MAX_PAGE_SERVICES, type PageControl } from '../daemon/control/protocol.ts';
import type { ServiceDetail, SnapshotDocument } from '../daemon/page/documents.ts';
import { IpvstateError } from '../errors.ts';
import { objectOf, type Shape } from '../model/shape.ts';

/** The documents of the page, as the daemon has them. */
export interface DaemonPage {
  readonly status: ApiStatus;
  /** undefined: the daemon could not read the kernel yet. */
  readonly services: SnapshotDocument['services'] | undefined;
}

interface FirstAnswer {
  readonly status: ApiStatus;
  readonly services: ApiServices;
}

const isFirstAnswer = objectOf<FirstAnswer>({ status: isApiStatus, services: isApiServices });

/** An answer with more destinations would take much memory of the daemon. */
const MAX_DESTINATIONS = 2000;

/**
 * Asks the daemon for the documents of the page, and for the destinations in parts. Throws as
 * `askDaemon` does, `PROTOCOL` for an unknown answer, and `UNAVAILABLE` for an error of the daemon.
 */
export async function askForPage(socket: string): Promise<DaemonPage> {
  const { status, services: all } = await ask(socket, { command: 'page' }, isFirstAnswer);
  if (all.at === null) return { status, services: undefined };
  const services: ServiceDetail[] = [];
  for (const part of partsOf(all.services)) {
    const request = { command: 'page', services: part.map(({ service }) => service) } as const;
    const answer = await ask(socket, request, isApiServices);
    for (const one of answer.services) {
      const { destinations_list = [] } = one;
      services.push({ ...one, destinations_list });
    }
  }
  return { status, services: { ...all, services } };
}

async function ask<T>(socket: string, request: PageControl, isDocument: Shape<T>): Promise<T> {
  const answer = await askDaemon(socket, request);
  if (!answer.ok) throw new IpvstateError('UNAVAILABLE', answer.message);
  if (!isDocument(answer.document)) throw unknownAnswer();
  return answer.document;
}

/** Splits the services into parts with few destinations. A larger service is a part of its own. */
function partsOf(services: readonly ServiceSummary[]): ServiceSummary[][] {
  const parts: ServiceSummary[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const one of services) {
    const part = parts.at(-1);
    size += one.destinations;
    if (part && size <= MAX_DESTINATIONS && part.length < MAX_PAGE_SERVICES) part.push(one);
    else {
      parts.push([one]);
      size = one.destinations;
    }
  }
  return parts;
}
