import type { HealthNote } from '../../health/effect.ts';
import type { DestinationKey } from '../../model/destination.ts';
import { type DrainKey, drainKey } from '../../model/drain.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { LoopState } from '../../reconcile/loop/loop-state.ts';
import { trafficJson } from '../../render/top/top-json.ts';
import type { DestinationTraffic, ServiceTraffic } from '../../render/top/traffic.ts';
import type { OverrideStatus, Status } from '../status/status.ts';
import { destinationHealth, type FindHealth } from './destination-health.ts';
import type { DestinationDetails, DestinationState } from './documents.ts';
import type { Fact } from './service-facts.ts';

/** A destination with its traffic, which is nothing where the kernel does not have it. */
export interface KnownDestination extends DestinationTraffic {
  readonly isLive: boolean;
}

/**
 * Drains, overrides and health by their destinations. A table has many destinations, and no list is
 * searched for each one.
 */
export interface Treatments {
  readonly drains: ReadonlyMap<DrainKey, Status['drains'][number]>;
  readonly overrides: ReadonlyMap<DrainKey, OverrideStatus>;
  readonly health: ReadonlyMap<DrainKey, HealthNote>;
}

/** Sorts what acts on destinations by what it is about. */
export function treatmentsIn(
  { checked }: Pick<LoopState, 'checked'>,
  { drains, overrides = [] }: Pick<Status, 'drains' | 'overrides'>,
): Treatments {
  return {
    drains: byDestination(drains),
    overrides: byDestination(overrides),
    health: byDestination(checked),
  };
}

function byDestination<T extends { readonly service: string; readonly destination: string }>(
  list: readonly T[],
): ReadonlyMap<DrainKey, T> {
  return new Map(
    list.map((each) => [
      drainKey(each.service as ServiceKey, each.destination as DestinationKey),
      each,
    ]),
  );
}

interface Knowledge {
  /** The facts of the service and of its destinations. */
  readonly facts: readonly Fact[];
  /** False when nobody knows whether the service is as the files say. */
  readonly isKnown: boolean;
  readonly state: LoopState;
  readonly treatments: Treatments;
  readonly findHealth: FindHealth;
}

/** States that are about a whole service. The note of the service says them. */
const OF_SERVICE: readonly Fact['state'][] = ['unserved', 'refused', 'paused', 'foreign'];

/** Describes one destination of a service. */
export function destinationDetails(
  service: ServiceKey,
  known: KnownDestination,
  traffic: ServiceTraffic | undefined,
  { facts, isKnown, state, treatments, findHealth }: Knowledge,
): DestinationDetails {
  const { destination, isLive } = known;
  const { key, weight, forward } = destination;
  const own = facts.filter((fact) => fact.destination === key);
  const id = drainKey(service, key);
  const drain = treatments.drains.get(id);
  const override = treatments.overrides.get(id);
  const treated = treatments.health.get(id);
  return {
    destination: key,
    forward,
    live: isLive,
    weight: {
      live: isLive ? weight : null,
      desired: drain ? 0 : desiredWeight(service, key, treated, override, state),
    },
    ...trafficJson(known),
    share: shareOf(known, traffic),
    state: stateOf(own, isKnown),
    notes: own.map(({ note }) => note),
    drain: drain ? { seconds_left: drain.seconds_left } : null,
    override: override ?? null,
    health: destinationHealth(findHealth(service, key), treated),
    contested: own.some((fact) => fact.state === 'contested'),
  };
}

/** Health, drains and overrides say less than that nobody knows. */
const LESS_THAN_UNKNOWN: readonly Fact['state'][] = ['unhealthy', 'draining', 'overridden'];

function stateOf(facts: readonly Fact[], isKnown: boolean): DestinationState {
  const own = facts.filter(({ state }) => !OF_SERVICE.includes(state));
  const found = own.find(({ state }) => isKnown || !LESS_THAN_UNKNOWN.includes(state));
  return (found?.state as DestinationState | undefined) ?? (isKnown ? 'ok' : 'unknown');
}

/** The weight that is kept: of the override that wins, of health, or of the files. */
function desiredWeight(
  service: ServiceKey,
  destination: DestinationKey,
  treated: HealthNote | undefined,
  override: OverrideStatus | undefined,
  { config }: LoopState,
): number | null {
  if (treated?.effect === 'removed') return null;
  const other = override ?? treated;
  if (other) return other.weight;
  const desired = config.good?.desired;
  const isPreserved = desired?.policy?.services.get(service)?.preserve.get(destination)?.weight;
  if (isPreserved) return null;
  return desired?.services.get(service)?.destinations.get(destination)?.weight ?? null;
}

/** The share of new connections, or of the active ones where there are no new ones. */
function shareOf(own: DestinationTraffic, traffic: ServiceTraffic | undefined): number {
  const all = traffic?.destinations ?? [];
  const rates = all.reduce((sum, { stats }) => sum + Number(stats.connectionRate), 0);
  if (rates > 0) return Number(own.stats.connectionRate) / rates;
  const active = all.reduce((sum, one) => sum + one.active, 0);
  return active > 0 ? own.active / active : 0;
}
