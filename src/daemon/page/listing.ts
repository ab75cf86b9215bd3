import type { ServiceSummary } from '../api/documents.ts';
import { compareStates } from './states.ts';

/** The orders of the list of services, with their titles. */
export const SORTS = {
  state: 'worst state',
  name: 'name',
  address: 'address',
  connections: 'most connections/s',
  active: 'most active connections',
  bytes: 'most bytes/s',
} as const;

export type Sort = keyof typeof SORTS;

export interface Listing {
  /** Words that a service has in its name, address, scheduler or notes, in any order. */
  readonly text: string;
  /** null: all states. */
  readonly state: string | null;
  readonly sort: Sort;
}

export const FIRST_LISTING: Listing = { text: '', state: null, sort: 'state' };

/** Compares addresses or names. Numbers within them are compared as numbers. */
export const compareTexts = new Intl.Collator('en', { numeric: true }).compare;

const compareAddresses = (a: ServiceSummary, b: ServiceSummary): number =>
  compareTexts(a.service, b.service);

/** Services without a name come last. */
function compareNames(a: ServiceSummary, b: ServiceSummary): number {
  if (a.name === null || b.name === null)
    return (a.name === null ? 1 : 0) - (b.name === null ? 1 : 0);
  return compareTexts(a.name, b.name);
}

const COMPARE: Readonly<Record<Sort, (a: ServiceSummary, b: ServiceSummary) => number>> = {
  state: (a, b) => compareStates(a.state, b.state) || compareNames(a, b),
  name: compareNames,
  address: () => 0,
  connections: (a, b) => b.rates.connections - a.rates.connections,
  active: (a, b) => b.connections.active - a.connections.active,
  bytes: (a, b) => bytesOf(b) - bytesOf(a),
};

/** Returns the bytes of both directions, per second. */
export function bytesOf({ rates }: Pick<ServiceSummary, 'rates'>): number {
  return rates.in_bytes + rates.out_bytes;
}

/** Returns the services that are shown, in order. Equal ones are in the order of addresses. */
export function listServices(
  services: Iterable<ServiceSummary>,
  { text, state, sort }: Listing,
): ServiceSummary[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return [...services]
    .filter((one) => state === null || one.state === state)
    .filter((one) => words.length === 0 || hasWords(one, words))
    .sort((a, b) => COMPARE[sort](a, b) || compareAddresses(a, b));
}

function hasWords(one: ServiceSummary, words: readonly string[]): boolean {
  const text = [one.name ?? '', one.service, one.scheduler, ...one.notes].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Counts the services of each state, the worst first. */
export function countStates(services: Iterable<ServiceSummary>): [state: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { state } of services) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => compareStates(a, b));
}
