import type { ApiServices, ApiStatus, ServiceSummary } from '../api/documents.ts';
import { type DestinationPlots, withReading } from './destination-plots.ts';
import type { HistoryDocument, ServiceDetail, SnapshotDocument } from './documents.ts';

/** How current the data of the page is. Times are milliseconds of the browser's clock. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'stale'; readonly since: number }
  | { readonly kind: 'snapshot' };

/** A reading of the kernel, or why there is none. */
export type Reading = Pick<ApiServices, 'at' | 'stale' | 'reason' | 'interval_seconds'>;

/** An open service, with the rates of its destinations since it was opened. */
export type FollowedDetail = ServiceDetail & { readonly plots?: DestinationPlots };

/** All that the page shows. */
export interface PageState {
  readonly connection: Connection;
  readonly status: ApiStatus | null;
  /** null: not received yet. */
  readonly services: ReadonlyMap<string, ServiceSummary> | null;
  /** The services that are open, with their destinations. */
  readonly details: ReadonlyMap<string, FollowedDetail>;
  readonly history: HistoryDocument | null;
  /** Parts of an exported page that are not known. */
  readonly problems: readonly string[];
  /** The last reading of the kernel, as the daemon says. */
  readonly reading: Reading | null;
}

export const FIRST_STATE: PageState = {
  connection: { kind: 'connecting' },
  status: null,
  services: null,
  details: new Map(),
  history: null,
  problems: [],
  reading: null,
};

export type PageEvent =
  | { readonly kind: 'status'; readonly document: ApiStatus }
  | { readonly kind: 'services'; readonly document: ApiServices }
  | { readonly kind: 'service'; readonly document: ApiServices }
  | { readonly kind: 'history'; readonly document: HistoryDocument }
  /** Nothing was received for a while. `since` is when the last event arrived. */
  | { readonly kind: 'silence'; readonly since: number };

/** Returns the state after an event. */
export function follow(state: PageState, event: PageEvent): PageState {
  const live: PageState = { ...state, connection: { kind: 'live' } };
  switch (event.kind) {
    case 'status':
      return { ...live, status: event.document };
    case 'services':
      return withServices(live, event.document);
    case 'service':
      return withDetails(live, event.document);
    case 'history':
      return { ...state, history: event.document };
    case 'silence':
      return state.connection.kind === 'stale'
        ? state
        : { ...state, connection: { kind: 'stale', since: event.since } };
  }
}

/** Replaces all services, or those that changed when the document says which were removed. */
function withServices(state: PageState, document: ApiServices): PageState {
  const { removed, services: changed, ...reading } = document;
  const services = new Map(removed ? state.services : undefined);
  const details = new Map(state.details);
  for (const address of removed ?? []) services.delete(address);
  for (const summary of changed) {
    const { plot = services.get(summary.service)?.plot ?? null } = summary;
    services.set(summary.service, { ...summary, plot });
  }
  for (const address of details.keys()) if (!services.has(address)) details.delete(address);
  // A kernel that could not be read yet is not one without services.
  return { ...state, services: document.at === null ? null : services, details, reading };
}

function withDetails(state: PageState, document: ApiServices): PageState {
  const details = new Map(state.details);
  for (const one of document.services) {
    const { service, destinations_list } = one;
    if (!destinations_list) continue;
    const detail = { ...one, destinations_list };
    const before = details.get(service)?.plots;
    const plots = document.at === null ? before : withReading(before, detail, document.at);
    details.set(service, { ...detail, ...(plots && { plots }) });
  }
  return { ...state, details };
}

/** Returns the state of a page that was exported. */
export function stateOfSnapshot(snapshot: SnapshotDocument): PageState {
  const { status, services, history, problems } = snapshot;
  const details = new Map(services.services.map((one) => [one.service, one]));
  return {
    connection: { kind: 'snapshot' },
    ...{ status, services: details, details, history, problems },
    reading: services,
  };
}
