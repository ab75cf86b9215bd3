import type { HealthClock } from '../../health/effect.ts';
import type { Desired } from '../../model/desired.ts';
import type { Destination, DestinationKey } from '../../model/destination.ts';
import { type DrainKey, drainKey } from '../../model/drain.ts';
import type { Snapshot } from '../../model/ipvs.ts';
import { isOver, type Override } from '../../model/override.ts';
import { isManaged } from '../../model/policy.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { ServiceEntry } from '../../model/table.ts';
import type { DrainClock } from '../drain/drain.ts';
import { checkedEntry, preserveLive, type Scoped } from '../scope.ts';
import { type OverrideClock, type Overriding, overridesByTarget, overriding } from './overrides.ts';

interface OwnWeights {
  /** The live service with the weights that it has without overrides. */
  readonly entry: ServiceEntry;
  /** Destinations whose own weights no file says. */
  readonly preserved: ReadonlySet<DestinationKey>;
}

/**
 * Returns the live table with other weights of the concerned destinations: those of their
 * overrides, or else those of the files. Where no file says a weight, it is the one from before the
 * override. Everything else stays as it is live, also where the files say something else. So do
 * services that the files do not manage, and removed destinations that drain.
 */
export function scopeOverrides(
  desired: Desired,
  { table: live }: Snapshot,
  drains: DrainClock,
  overrides: OverrideClock,
  health: HealthClock,
  concerned: ReadonlySet<DrainKey>,
): Scoped {
  const { manage } = desired.policy ?? {};
  const override = overriding(overrides);
  const services = new Map(live.services);
  const foreign = new Set<ServiceKey>();
  const notes: Scoped['overrides'][number][] = [];
  for (const [key, entry] of live.services) {
    if (manage && !isManaged(manage, entry.service.identity)) {
      foreign.add(key);
      continue;
    }
    const own = ownWeights(entry, desired, drains, overrides.held, health, override);
    const overridden = override(own.entry, own.preserved);
    for (const note of overridden.notes) notes.push(note);
    services.set(key, withWeightsOf(entry, overridden.entry, concerned));
  }
  return {
    table: { ...live, services },
    foreign,
    drains: [],
    overdue: [],
    leaving: new Set(),
    overrides: notes,
    health: [],
  };
}

function ownWeights(
  live: ServiceEntry,
  desired: Desired,
  clock: DrainClock,
  held: OverrideClock['held'],
  health: HealthClock,
  override: Overriding,
): OwnWeights {
  const { key: service } = live.service;
  const wanted = desired.services.get(service);
  const table = { services: new Map([[service, live]]) };
  const kept = wanted && preserveLive(wanted, desired.policy, table, clock, held);
  const checked = kept && checkedEntry(kept.entry, live, desired.policy, health, override).entry;
  const preserved = new Set(kept?.weights);
  const destinations = new Map<DestinationKey, Destination>();
  for (const [key, destination] of live.destinations) {
    const id = drainKey(service, key);
    const own = checked?.destinations.get(key)?.weight;
    if (own === undefined && clock.drains.has(id)) continue;
    if (own === undefined) preserved.add(key);
    const weight = own ?? held.get(id) ?? destination.weight;
    destinations.set(key, { ...destination, weight });
  }
  return { entry: { service: live.service, destinations }, preserved };
}

/** Takes over the weights of the concerned destinations, and returns the rest as it is live. */
function withWeightsOf(
  live: ServiceEntry,
  { destinations: weighted }: ServiceEntry,
  concerned: ReadonlySet<DrainKey>,
): ServiceEntry {
  const { key: service } = live.service;
  const changed = [...weighted].filter(
    ([key, { weight }]) =>
      concerned.has(drainKey(service, key)) && live.destinations.get(key)?.weight !== weight,
  );
  if (changed.length === 0) return live;
  return { service: live.service, destinations: new Map([...live.destinations, ...changed]) };
}

/**
 * Returns the record after such a plan. Overrides that are over are forgotten, unless a destination
 * of theirs was not concerned, and the weights from before are kept of what was not concerned.
 */
export function overridesAfterNarrow(
  { overrides, held, now }: OverrideClock,
  { table, foreign, overrides: notes }: Scoped,
  concerned: ReadonlySet<DrainKey>,
): Pick<OverrideClock, 'overrides' | 'held'> {
  const weights = new Map(held);
  const over = overrides.filter((each) => isOver(each, now));
  const [findOver, left] = [overridesByTarget(over), new Set<Override>()];
  for (const [service, { destinations }] of table.services) {
    if (foreign.has(service)) continue;
    const own = findOver(service);
    for (const destination of destinations.values()) {
      const id = drainKey(service, destination.key);
      if (concerned.has(id)) weights.delete(id);
      else for (const each of own?.(destination) ?? []) left.add(each);
    }
  }
  for (const { service, destination, ownWeight } of notes) {
    const id = drainKey(service, destination);
    if (concerned.has(id)) weights.set(id, ownWeight);
  }
  return {
    overrides: overrides.filter((each) => left.has(each) || !isOver(each, now)),
    held: weights,
  };
}
