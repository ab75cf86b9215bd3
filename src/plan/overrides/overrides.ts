import type { Destination, DestinationKey } from '../../model/destination.ts';
import { type DrainKey, drainedService, drainKey } from '../../model/drain.ts';
import {
  isOver,
  type Override,
  type OverrideRecord,
  secondsUntilChange,
  weightAt,
} from '../../model/override.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { ServiceEntry, Table } from '../../model/table.ts';

/** The overrides of earlier commands, and the time. */
export interface OverrideClock extends OverrideRecord {
  /** The monotonic clock, in seconds. */
  readonly now: number;
  /** The wall clock, for people. */
  readonly date: Date;
}

/** A destination whose weight an override sets. */
export interface OverrideNote {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly weight: number;
  /** The weight without overrides. */
  readonly ownWeight: number;
  /** True when no file says the own weight: it is the one from before the override. */
  readonly isPreserved: boolean;
  /** The override that wins, because it asks for the lowest weight. */
  readonly override: Override;
  /** When it ends, on the wall clock. undefined: it does not end by itself. */
  readonly until: Date | undefined;
  /** The wall clock when the note was made. */
  readonly asOf: Date;
}

interface Overridden {
  readonly entry: ServiceEntry;
  readonly notes: readonly OverrideNote[];
}

/** Sets the weights of a service. The weights of `preserved` destinations are not of a file. */
export type Overriding = (
  entry: ServiceEntry,
  preserved: ReadonlySet<DestinationKey>,
) => Overridden;

/**
 * Returns a function that sets the weights of a desired service as overrides ask for. Of several
 * overrides of one destination, the lowest weight wins; a lone one may also raise a weight.
 */
export function overriding(clock: OverrideClock): Overriding {
  const find = overridesByTarget(clock.overrides.filter((each) => !isOver(each, clock.now)));
  return (entry, preserved) => {
    const own = find(entry.service.key);
    return own ? override(entry, own, clock, preserved) : { entry, notes: [] };
  };
}

type OfDestination = (destination: Pick<Destination, 'key' | 'address'>) => readonly Override[];

/**
 * Returns a function that finds the overrides about the destinations of a service: undefined when
 * there are none. They are sorted once by what they are about, because a table and a record can
 * have 100,000 of both.
 */
export function overridesByTarget(
  overrides: readonly Override[],
): (service: ServiceKey) => OfDestination | undefined {
  const index = new Map<Override['service'], Map<Override['destination'], Override[]>>();
  for (const each of overrides) {
    const own = index.get(each.service) ?? new Map<Override['destination'], Override[]>();
    index.set(each.service, own);
    const known = own.get(each.destination);
    if (known) known.push(each);
    else own.set(each.destination, [each]);
  }
  const general = index.get(null);
  return (service) => {
    const special = index.get(service);
    if (!general && !special) return undefined;
    return ({ key, address }) =>
      [general, special].flatMap((own) =>
        own ? [...(own.get(key) ?? []), ...(own.get(address) ?? []), ...(own.get(null) ?? [])] : [],
      );
  };
}

function override(
  entry: ServiceEntry,
  find: OfDestination,
  { now, date: asOf }: OverrideClock,
  preserved: ReadonlySet<DestinationKey>,
): Overridden {
  const { key: service } = entry.service;
  const notes: OverrideNote[] = [];
  for (const [key, destination] of entry.destinations) {
    const winner = lowest(find(destination), now);
    if (!winner) continue;
    notes.push({
      service,
      destination: key,
      weight: weightAt(winner, now),
      ownWeight: destination.weight,
      isPreserved: preserved.has(key),
      override: winner,
      until: endOf(winner, now, asOf),
      asOf,
    });
  }
  return { entry: notes.length === 0 ? entry : withWeights(entry, notes), notes };
}

function withWeights(entry: ServiceEntry, notes: readonly OverrideNote[]): ServiceEntry {
  const destinations = new Map(entry.destinations);
  for (const { destination: key, weight } of notes) {
    const destination = destinations.get(key);
    if (destination) destinations.set(key, { ...destination, weight });
  }
  return { service: entry.service, destinations };
}

/** Returns the overrides as at the ends of the ramps to 0. undefined: no weight moves to 0. */
export function afterFalls(clock: OverrideClock): OverrideClock | undefined {
  const isFalling = (each: Override): boolean =>
    each.weight === 0 && !isOver(each, clock.now) && weightAt(each, clock.now) > 0;
  if (!clock.overrides.some(isFalling)) return undefined;
  const fallen = ({ ramp: _, ...each }: Override): Override => each;
  return {
    ...clock,
    overrides: clock.overrides.map((each) => (isFalling(each) ? fallen(each) : each)),
  };
}

/** Returns the services that the end of a ramp may leave unserved, because that was accepted. */
export function acceptedServices(
  notes: readonly OverrideNote[],
  { services }: Table,
): ReadonlySet<ServiceKey> {
  const isEnding = ({ service, destination, override }: OverrideNote): boolean =>
    override.allowsUnserved === true &&
    (services.get(service)?.destinations.get(destination)?.weight ?? 0) > 0;
  return new Set(notes.filter(isEnding).map(({ service }) => service));
}

/** Returns the override of the lowest weight; of equal ones, the one that lasts longest. */
function lowest(overrides: readonly Override[], now: number): Override | undefined {
  const end = ({ endSeconds = Number.POSITIVE_INFINITY }: Override): number => endSeconds;
  let winner: Override | undefined;
  for (const each of overrides) {
    const difference = winner ? weightAt(each, now) - weightAt(winner, now) : -1;
    if (difference < 0 || (difference === 0 && winner && end(each) > end(winner))) winner = each;
  }
  return winner;
}

/** Returns the end of an override on the wall clock. */
export function endOf({ endSeconds }: Override, now: number, date: Date): Date | undefined {
  if (endSeconds === undefined) return undefined;
  return new Date(date.getTime() + (endSeconds - now) * 1000);
}

/** Returns in how many seconds an override next changes a weight by itself. undefined: never. */
export function secondsUntilNext({ overrides, now }: OverrideClock): number | undefined {
  const waits = overrides
    .filter((each) => !isOver(each, now))
    .flatMap((each) => secondsUntilChange(each, now) ?? []);
  return waits.length === 0 ? undefined : waits.reduce((a, b) => Math.min(a, b));
}

/** A plan that was not executed, so that an override is not ended, is made again. */
const OVERDUE_SECONDS = 5;

/** Returns in how many seconds overrides need another plan. `isDone`: this plan was executed. */
export function secondsUntilPlan(clock: OverrideClock, isDone: boolean): number | undefined {
  const next = secondsUntilNext(clock);
  const isOverdue = !isDone && clock.overrides.some((each) => isOver(each, clock.now));
  return isOverdue ? Math.min(next ?? OVERDUE_SECONDS, OVERDUE_SECONDS) : next;
}

/**
 * Returns the record after a plan. Overrides that are over are forgotten where the plan puts the
 * weights back, and the weights from before are kept of what is overridden now. `isPlanned` tells
 * of a service whether the plan may change it, and of null whether it may change all of them. Of
 * the live services that it leaves alone, because they are paused for example, the weights from
 * before are kept: a later plan puts them back.
 */
export function overridesAfter(
  { overrides, held, now }: OverrideClock,
  notes: readonly OverrideNote[],
  isPlanned: (service: ServiceKey | null) => boolean,
  leftAlone: ReadonlySet<ServiceKey>,
): OverrideRecord {
  const kept = [...held].filter(([key]) => {
    const service = drainedService(key);
    return leftAlone.has(service) || !isPlanned(service);
  });
  const weights = new Map<DrainKey, number>(kept);
  for (const { service, destination, ownWeight } of notes)
    weights.set(drainKey(service, destination), ownWeight);
  return {
    overrides: overrides.filter((each) => !isOver(each, now) || !isPlanned(each.service)),
    held: weights,
  };
}
