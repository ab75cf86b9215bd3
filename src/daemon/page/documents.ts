import { printable } from '../../model/printable.ts';
import type {
  ApiServices,
  ApiStatus,
  DestinationDetails,
  ServiceSummary,
} from '../api/documents.ts';

/** A service with its destinations. */
export type ServiceDetail = ServiceSummary & {
  readonly destinations_list: readonly DestinationDetails[];
};

/** A run of the history: the members of schemas/history.schema.json that the page shows. */
export interface HistoryRun {
  readonly id: string;
  readonly verb: string;
  readonly trigger: string;
  readonly begun: string;
  readonly outcome: string;
  readonly caller: { readonly user: string | null } | null;
  readonly by: string | null;
  readonly planned: { readonly changes: number };
}

export interface HistoryDocument {
  readonly runs: readonly HistoryRun[];
}

/** The data of a page that was exported: the state at one time. */
export interface SnapshotDocument {
  /** null: no daemon answered. */
  readonly status: ApiStatus | null;
  readonly services: Omit<ApiServices, 'services'> & {
    readonly services: readonly ServiceDetail[];
  };
  readonly history: HistoryDocument | null;
  /** A sentence for each part that is not known. */
  readonly problems: readonly string[];
}

/** Finds characters and escapes in JSON that may not be printable. */
const UNUSUAL = /[^ -~]|\\[^"\\/]/;

/**
 * Parses a document. Its texts come from files, operators and the kernel. They are made printable
 * here, and nowhere else in the page.
 */
export function parseDocument<T>(json: string): T {
  if (!UNUSUAL.test(json)) return JSON.parse(json);
  return JSON.parse(json, (_, value) => (typeof value === 'string' ? printable(value) : value));
}
