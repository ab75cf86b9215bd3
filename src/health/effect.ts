import type { Limit } from '../model/desired.ts';
import type { Destination, DestinationKey } from '../model/destination.ts';
import { drainKey } from '../model/drain.ts';
import type { HealthState, HealthStates, ServiceHealth } from '../model/health.ts';
import { weightAt } from '../model/override.ts';
import type { ServiceKey } from '../model/service.ts';
import type { ServiceEntry } from '../model/table.ts';
import { type Candidate, chooseOut } from './rule.ts';

/** The states of the checks, and the time. */
export interface HealthClock {
  readonly states: HealthStates;
  /** False for a program that does not check: it keeps the effect of the daemon's checks. */
  readonly isChecking: boolean;
  /** The monotonic clock, in seconds. */
  readonly now: number;
}

/** How health changes the weight of one destination, or why it does not. */
export const HEALTH_EFFECTS = [
  /** Unhealthy: it takes no new connections. */
  'out',
  /** Unhealthy: it is not in the table, and loses its connections. */
  'removed',
  /** Unhealthy, and left in: too many destinations are unhealthy. */
  'panic',
  /** Healthy again: its weight rises. */
  'slow-start',
  /** It takes the traffic, because no other destination is usable. */
  'fallback',
] as const;

export type HealthEffect = (typeof HEALTH_EFFECTS)[number];

/** A destination that health treats. */
export interface HealthNote {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly effect: HealthEffect;
  readonly weight: number;
  /** The weight without health. */
  readonly ownWeight: number;
  /** The last bad answer in words. Empty: there was none. */
  readonly reason: string;
  /** For how long the state has lasted. */
  readonly seconds: number;
}

interface Treated {
  readonly entry: ServiceEntry;
  readonly notes: readonly HealthNote[];
}

/** Without a fallback, half of the destinations stay whatever the checks say. */
const HALF: Limit = { kind: 'percent', value: 50 };
/** With a fallback, all may be taken out: it is used only then. */
const ALL: Limit = { kind: 'percent', value: 100 };

/**
 * Returns a desired service with the weights that health leads to; that of a destination that is to
 * be removed is 0. `weightOf` returns the weight that an operator's override sets: health does not
 * set the weight of such a destination, which counts as usable by that of the override. One that is
 * drained by an override can be removed.
 */
export function withHealth(
  entry: ServiceEntry,
  live: ServiceEntry | undefined,
  health: ServiceHealth,
  clock: HealthClock,
  weightOf: (destination: Destination) => number | undefined,
): Treated {
  const { key: service } = entry.service;
  const { fallback } = health;
  const stateOf = (key: DestinationKey): HealthState | undefined => {
    const policy = health.destinations.get(key);
    if (!policy) return undefined;
    const known = clock.states.get(drainKey(service, key));
    const isHealthy = policy.initial === 'healthy';
    return known ?? { isHealthy, sinceSeconds: clock.now, reason: '' };
  };
  // A program that does not check deletes nothing: it leaves the weight 0 that it finds.
  const isRemoved = (key: DestinationKey): boolean =>
    health.destinations.get(key)?.onFailure === 'remove' &&
    (clock.isChecking || !live?.destinations.has(key));
  const candidates: Candidate[] = [];
  const drained: DestinationKey[] = [];
  let isServedByOthers = false;
  for (const [key, destination] of entry.destinations) {
    if (fallback.has(key)) continue;
    const overridden = weightOf(destination);
    if (overridden !== undefined) {
      if (overridden > 0) isServedByOthers = true;
      else if (!(stateOf(key)?.isHealthy ?? true) && isRemoved(key)) drained.push(key);
      continue;
    }
    if (destination.weight === 0) continue;
    const { isHealthy = true, sinceSeconds = 0 } = stateOf(key) ?? {};
    const isOut = (live?.destinations.get(key)?.weight ?? 0) === 0;
    candidates.push({ key, isHealthy, sinceSeconds, isOut });
  }
  const { out } = chooseOut(candidates, {
    maxUnhealthy: health.maxUnhealthy ?? (fallback.size > 0 ? ALL : HALF),
    keepsOne: fallback.size === 0 && !isServedByOthers,
    takesOut: clock.isChecking,
  });
  const needsFallback = !isServedByOthers && candidates.length === out.size;
  const notes: HealthNote[] = [];
  const note = (key: DestinationKey, effect: HealthEffect, weight: number): void => {
    const ownWeight = entry.destinations.get(key)?.weight ?? 0;
    const { reason = '', sinceSeconds = clock.now } = stateOf(key) ?? {};
    const seconds = Math.max(0, clock.now - sinceSeconds);
    notes.push({ service, destination: key, effect, weight, ownWeight, reason, seconds });
  };
  for (const { key, isHealthy } of candidates) {
    const weight = entry.destinations.get(key)?.weight ?? 0;
    if (out.has(key)) note(key, isRemoved(key) ? 'removed' : 'out', 0);
    else if (!isHealthy) note(key, 'panic', weight);
    else {
      const risen = risenWeight(weight, stateOf(key), clock.now);
      if (risen !== weight) note(key, 'slow-start', risen);
    }
  }
  if (needsFallback)
    for (const [key, weight] of fallback)
      if (weightOf(entry.destinations.get(key) as Destination) === undefined)
        note(key, 'fallback', weight);
  const treated = withWeights(entry, notes);
  // Their own weights stay, for the end of the overrides.
  for (const key of drained) note(key, 'removed', 0);
  return { entry: treated, notes };
}

/** Returns a service without the destinations that health removes, which have weight 0 in it. */
export function withoutRemoved(entry: ServiceEntry, notes: readonly HealthNote[]): ServiceEntry {
  const removed = notes.filter(({ effect }) => effect === 'removed');
  if (removed.length === 0) return entry;
  const destinations = new Map(entry.destinations);
  for (const { destination } of removed) destinations.delete(destination);
  return { service: entry.service, destinations };
}

/** The weight of a destination that is healthy again: it rises from 1. */
function risenWeight(weight: number, state: HealthState | undefined, now: number): number {
  const { sinceSeconds = 0, rampEndSeconds } = state ?? {};
  if (rampEndSeconds === undefined) return weight;
  const seconds = rampEndSeconds - sinceSeconds;
  return weightAt({ weight, ramp: { from: 1, sinceSeconds, seconds } }, now);
}

function withWeights(entry: ServiceEntry, notes: readonly HealthNote[]): ServiceEntry {
  const changed = notes.filter(({ weight, ownWeight }) => weight !== ownWeight);
  if (changed.length === 0) return entry;
  const destinations = new Map(entry.destinations);
  for (const { destination: key, weight } of changed) {
    const destination = destinations.get(key);
    if (destination) destinations.set(key, { ...destination, weight });
  }
  return { service: entry.service, destinations };
}
