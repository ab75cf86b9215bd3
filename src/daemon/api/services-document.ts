import type { Desired } from '../../model/desired.ts';
import type { ServiceTotals } from '../../model/ipvs.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { ServiceEntry } from '../../model/table.ts';
import type { LoopState } from '../../reconcile/loop/loop-state.ts';
import { describePersistence } from '../../render/describe.ts';
import { trafficJson } from '../../render/top/top-json.ts';
import { NO_TRAFFIC, type ServiceTraffic } from '../../render/top/traffic.ts';
import type { Status } from '../status/status.ts';
import {
  destinationDetails,
  type KnownDestination,
  type Treatments,
  treatmentsIn,
} from './destination-details.ts';
import type { FindHealth } from './destination-health.ts';
import type { ApiServices, DestinationDetails, ServiceSummary } from './documents.ts';
import { type KernelReadings, type TableReading, withoutList } from './kernel-readings.ts';
import { type Fact, type ServiceFacts, serviceFacts } from './service-facts.ts';
import type { ServicesNow } from './shown-services.ts';

const FOREIGN: Fact = { state: 'foreign', note: 'no file has this service, and it is left alone' };
const LOST: Fact = {
  state: 'unknown',
  note: 'not known yet: the kernel does not have it, and no pass has seen that',
};
/** A service can have a note for each of its destinations. */
const SHOWN_NOTES = 10;

/** The services as they are shown: what the kernel has, and what the loop knows of it. */
export interface ServicesView {
  /** All that are live, or that the loop knows something of, without their plots. */
  readonly keys: Iterable<ServiceKey>;
  readonly summary: (key: ServiceKey) => ServiceSummary;
  /** The summary with the list of destinations. undefined for a service that nobody has. */
  details(key: ServiceKey, live: ServiceTraffic | undefined): ServiceSummary | undefined;
}

/**
 * Combines the last reading of the kernel with what the loop knows. A service is `ok` only when the
 * last comparison holds, and found no difference: `notKnown` says why it does not hold.
 */
export function viewServices(
  state: LoopState,
  status: Status,
  last: TableReading | undefined,
  notKnown: string | undefined,
  findHealth: FindHealth = () => undefined,
): ServicesView {
  const live = last?.services ?? new Map<ServiceKey, ServiceTotals>();
  const desired = state.config.good?.desired;
  const facts = serviceFacts(state, status, notKnown);
  const withFacts = new Set(facts.services);
  let treatments: Treatments | undefined;
  // A service that was added since the last reading is not missing.
  const isNewerReading = (last?.milliseconds ?? 0) > (state.compared?.at ?? 0);
  const isMissing = (key: ServiceKey): boolean =>
    !live.has(key) && (isNewerReading || !facts.isKnown || withFacts.has(key));
  const missing = last ? [...(desired?.services.keys() ?? [])].filter(isMissing) : [];
  const summarize = (
    key: ServiceKey,
    reading: ServiceTotals | undefined,
    list?: readonly DestinationDetails[],
  ): ServiceSummary => {
    const own = factsOf(key, reading !== undefined, facts, desired);
    const service = reading?.service ?? desired?.services.get(key)?.service;
    const position = desired?.locate(key);
    return {
      service: key,
      name: desired?.names.get(key) ?? null,
      scheduler: service?.scheduler ?? 'none',
      persistence: (service && describePersistence(service)) ?? null,
      state: own[0]?.state ?? 'ok',
      notes: notesOf(own),
      source: position ? { file: position.file, line: position.line } : null,
      live: reading !== undefined,
      destinations: reading?.destinations ?? 0,
      usable: reading?.usable ?? 0,
      ...trafficJson(reading ?? NO_TRAFFIC),
      ...(list && { destinations_list: list }),
    };
  };
  return {
    keys: new Set([...live.keys(), ...missing]),
    summary: (key) => summarize(key, live.get(key)),
    details: (key, traffic) => {
      const entry = desired?.services.get(key);
      if (!traffic && !entry) return undefined;
      treatments ??= treatmentsIn(state, status);
      const { isKnown } = facts;
      const known = { facts: facts.of(key), isKnown, state, treatments, findHealth };
      const list = destinationsOf(traffic, entry).map((destination) =>
        destinationDetails(key, destination, traffic, known),
      );
      return summarize(key, traffic && withoutList(traffic), list);
    },
  };
}

/** The parts of the loop's state that the services are made of. */
const CAUSES = [
  ...['phase', 'config', 'lastPass', 'compared', 'drift', 'unserved', 'drains', 'overrides'],
  ...['checked', 'contested', 'refused', 'refusedParts', 'pause'],
] as readonly (keyof LoopState)[];

/**
 * Returns a function that returns all services with their plots, as the last reading has them. It
 * returns the same object for as long as nothing is new: a large table is not formatted again.
 */
export function servicesSource(
  state: () => LoopState,
  view: () => ServicesView,
  readings: KernelReadings,
): () => ServicesNow {
  let last: { readonly causes: readonly unknown[]; readonly now: ServicesNow } | undefined;
  return () => {
    const current = state();
    const causes = [
      ...CAUSES.map((name) => current[name]),
      ...[readings.last, readings.problem, readings.plots.revision],
    ];
    // The time that is left for a drain is another one each second.
    const isSame =
      current.drains.length === 0 && last?.causes.every((cause, at) => cause === causes[at]);
    if (last && isSame) return last.now;
    const { keys, summary } = view();
    const now: ServicesNow = {
      head: documentHead(readings),
      summaries: Array.from(keys, summary),
      plotRevision: readings.plots.revision,
      plotOf: (key) => readings.plots.of(key),
    };
    last = { causes, now };
    return now;
  };
}

/** The members of a document that are about the reading. */
export function documentHead(readings: KernelReadings): Omit<ApiServices, 'services'> {
  const { last, problem } = readings;
  return {
    format: 'ipvstate-api-services',
    version: 1,
    at: last?.at ?? null,
    stale: problem !== undefined,
    reason: problem?.message ?? null,
    interval_seconds: readings.intervalMilliseconds / 1000,
  };
}

function factsOf(
  key: ServiceKey,
  isLive: boolean,
  facts: ServiceFacts,
  desired: Desired | undefined,
): readonly Fact[] {
  const own = facts.of(key);
  if (!isLive && own.length === 0) return [LOST];
  const isForeign =
    isLive && desired !== undefined && !desired.services.has(key) && !own.some(isOfFiles);
  return isForeign ? [...own, FOREIGN] : own;
}

/** Tells whether a fact is about a difference from the files, or the end of an earlier file. */
function isOfFiles({ state }: Fact): boolean {
  return state !== 'paused' && state !== 'overridden';
}

function notesOf(facts: readonly Fact[]): readonly string[] {
  const shown = facts
    .slice(0, SHOWN_NOTES)
    .map(({ destination, note }) =>
      destination === undefined || note.startsWith(destination) ? note : `${destination}: ${note}`,
    );
  const hidden = facts.length - shown.length;
  return hidden > 0 ? [...shown, `and ${hidden} more`] : shown;
}

/** The live destinations of a service, and then those that only the files have. */
function destinationsOf(
  traffic: ServiceTraffic | undefined,
  entry: ServiceEntry | undefined,
): readonly KnownDestination[] {
  const live = new Map(traffic?.destinations.map((own) => [own.destination.key, own]));
  const missing = [...(entry?.destinations.values() ?? [])].filter(({ key }) => !live.has(key));
  return [
    ...Array.from(live.values(), (own) => ({ ...own, isLive: true })),
    ...missing.map((destination) => ({ ...NO_TRAFFIC, destination, isLive: false })),
  ];
}
