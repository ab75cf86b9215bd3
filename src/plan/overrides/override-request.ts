import type { Desired } from '../../model/desired.ts';
import { type DestinationKey, MAX_WEIGHT } from '../../model/destination.ts';
import { type DrainKey, drainKey } from '../../model/drain.ts';
import { parseEndpoint } from '../../model/endpoint.ts';
import type { HealthStates } from '../../model/health.ts';
import {
  isAbout,
  isBy,
  isOver,
  isReason,
  LONGEST_SECONDS,
  type Override,
  type OverrideRecord,
  type OverrideTarget,
  overrideKey,
} from '../../model/override.ts';
import type { ServiceKey } from '../../model/service.ts';
import {
  countUpTo,
  isFlag,
  isText,
  listOf,
  nullable,
  objectOf,
  oneOf,
  type Shape,
} from '../../model/shape.ts';
import type { Table } from '../../model/table.ts';
import {
  type Nameable,
  type OverrideSelector,
  type Selection,
  selectionOf,
  targetsOf,
} from './override-target.ts';
import { overridesByTarget } from './overrides.ts';

/** A command of an operator or a program about overrides. */
export type OverrideRequest = SetOverrides | EndOverrides;

interface Speaker {
  /** The program that speaks. null: an operator does. */
  readonly owner: string | null;
  /** The user who gave the command. */
  readonly by: string;
}

export interface SetOverrides extends Speaker {
  readonly kind: 'set';
  readonly selector: OverrideSelector;
  readonly weight: number;
  /** Moves from the live weight to the weight in so many seconds. null: at once. */
  readonly rampSeconds: number | null;
  /** null: until it is ended. */
  readonly lastsSeconds: number | null;
  readonly reason: string;
}

export interface EndOverrides extends Speaker {
  readonly kind: 'end';
  readonly selector: OverrideSelector;
  /** True when only overrides of weight 0 are ended. */
  readonly drainsOnly: boolean;
}

/** Tells whether a text can be the name of a program that speaks. */
export function isOwner(text: unknown): text is string {
  return isText(text) && /^[\w][\w.:@/+-]{0,63}$/.test(text);
}

/** Makes the overrides of a program these, and no others. No command of an operator does this. */
export interface ReplaceOverrides {
  readonly kind: 'replace';
  readonly owner: string;
  readonly by: string;
  readonly overrides: readonly Override[];
}

/** A change of overrides, by a command or by the daemon itself. */
export type OverrideChange = OverrideRequest | ReplaceOverrides;

const isTimeSpan: Shape<number> = (value): value is number =>
  countUpTo(LONGEST_SECONDS)(value) && value > 0;

const isSelector = objectOf<OverrideSelector>({
  service: nullable(isText),
  destinations: listOf(isText),
});

const isSet = objectOf<SetOverrides>({
  kind: oneOf(['set']),
  selector: isSelector,
  weight: countUpTo(MAX_WEIGHT),
  rampSeconds: nullable(isTimeSpan),
  lastsSeconds: nullable(isTimeSpan),
  reason: isReason,
  owner: nullable(isOwner),
  by: isBy,
});

const isEnd = objectOf<EndOverrides>({
  kind: oneOf(['end']),
  selector: isSelector,
  drainsOnly: isFlag,
  owner: nullable(isOwner),
  by: isBy,
});

/** Tells whether a value that came over a socket is a request. */
export const isOverrideRequest: Shape<OverrideRequest> = (value): value is OverrideRequest =>
  isEnd(value) ||
  // A drain of every destination of every service is no request.
  (isSet(value) && (value.selector.service !== null || value.selector.destinations.length > 0));

/** The tables and the time that a request is about. */
export interface OverrideScene {
  readonly desired: Nameable;
  readonly live: Table;
  /** The monotonic clock, in seconds, and the wall clock. */
  readonly now: number;
  readonly date: Date;
  /** True when the request may leave a service without a usable destination. */
  readonly allowsUnserved: boolean;
}

/** The changes of a request. */
export interface OverrideEffect {
  readonly record: OverrideRecord;
  readonly set: readonly Override[];
  readonly ended: readonly Override[];
  /** Overrides that stay in force of destinations whose overrides were to end. */
  readonly left: readonly Override[];
  /** Tells whether the request was about a destination. */
  readonly isAbout: Selection['includes'];
}

/** Applies a request to the stored overrides. Throws `USAGE` for objects that there are not. */
export function requested(
  stored: OverrideRecord,
  request: OverrideChange,
  scene: OverrideScene,
): OverrideEffect {
  if (request.kind === 'replace') return replaced(stored, request);
  if (request.kind === 'end') return ended(stored, request, scene);
  const set = targetsOf(request.selector, scene.desired, scene.live.services).map((target) =>
    overrideOf(target, request, scene),
  );
  const keys = new Set(set.map(overrideKey));
  const others = stored.overrides.filter((each) => !keys.has(overrideKey(each)));
  const distinct = new Map(set.map((each) => [overrideKey(each), each]));
  return {
    record: { ...stored, overrides: [...others, ...distinct.values()] },
    set: [...distinct.values()],
    ended: [],
    left: [],
    isAbout: (service, key) => isAboutOne(set, service, key),
  };
}

function replaced(stored: OverrideRecord, { owner, overrides }: ReplaceOverrides): OverrideEffect {
  const isIn = (all: readonly Override[], one: Override): boolean =>
    all.some((each) => JSON.stringify(each) === JSON.stringify(one));
  const others = stored.overrides.filter((each) => each.owner !== owner);
  const before = stored.overrides.filter((each) => each.owner === owner);
  const set = overrides.filter((each) => !isIn(before, each));
  return {
    record: { ...stored, overrides: [...others, ...overrides] },
    set,
    ended: before.filter((each) => !isIn(overrides, each)),
    left: [],
    isAbout: (service, key) => isAboutOne(set, service, key),
  };
}

function isAboutOne(
  overrides: readonly Override[],
  service: ServiceKey,
  key: DestinationKey,
): boolean {
  const address = parseEndpoint(key)?.address;
  return (
    address !== undefined && overrides.some((each) => isAbout(each, service, { key, address }))
  );
}

function ended(
  stored: OverrideRecord,
  { selector, drainsOnly, owner }: EndOverrides,
  { desired, now }: OverrideScene,
): OverrideEffect {
  const { covers, includes } = selectionOf(selector, desired, stored.overrides);
  const isEnded = (each: Override): boolean =>
    covers(each) &&
    (each.owner ?? null) === owner &&
    (!drainsOnly || each.weight === 0) &&
    !isOver(each, now);
  const rest = stored.overrides.filter((each) => !isEnded(each));
  const find = overridesByTarget(rest.filter((each) => !isOver(each, now)));
  const left = new Set<Override>();
  for (const [service, { destinations }] of desired.services) {
    const own = find(service);
    if (!own) continue;
    for (const destination of destinations.values())
      if (includes(service, destination.key)) for (const each of own(destination)) left.add(each);
  }
  return {
    record: { ...stored, overrides: rest },
    set: [],
    ended: stored.overrides.filter(isEnded),
    left: rest.filter((each) => left.has(each)),
    isAbout: includes,
  };
}

function overrideOf(
  target: OverrideTarget,
  { weight, rampSeconds, lastsSeconds, reason, owner, by }: SetOverrides,
  { live, now, date, allowsUnserved }: OverrideScene,
): Override {
  // A destination that is not live gets no connections yet.
  const from = weightIn(live.services, target) ?? 0;
  return {
    ...target,
    weight,
    ...(rampSeconds !== null && {
      ramp: { from, sinceSeconds: now, seconds: rampSeconds },
      ...(allowsUnserved && { allowsUnserved }),
    }),
    ...(owner !== null && { owner }),
    by,
    reason,
    since: date.toISOString(),
    ...(lastsSeconds !== null && { endSeconds: now + lastsSeconds }),
  };
}

function weightIn(services: Table['services'], target: OverrideTarget): number | undefined {
  const entry = target.service === null ? undefined : services.get(target.service);
  return [...(entry?.destinations.values() ?? [])].find(({ key }) => key === target.destination)
    ?.weight;
}

/** Returns the overrides that only one of two records has. */
function differing(before: readonly Override[], after: readonly Override[]): readonly Override[] {
  const [old, fresh] = [new Set(before), new Set(after)];
  // Most are the same objects, and only the others are compared by their texts.
  const [gone, come] = [
    before.filter((each) => !fresh.has(each)),
    after.filter((each) => !old.has(each)),
  ];
  const text = (each: Override): string => JSON.stringify(each);
  const [goneTexts, comeTexts] = [new Set(gone.map(text)), new Set(come.map(text))];
  return [
    ...gone.filter((each) => !comeTexts.has(text(each))),
    ...come.filter((each) => !goneTexts.has(text(each))),
  ];
}

/**
 * Returns the live destinations whose weights can differ between two records: those of overrides
 * that one of them lacks, of overrides that are over, and of weights that are held although no
 * override holds them any more, because a run was cut off. With `isDue`, ramps move as well.
 */
export function concernedDestinations(
  before: OverrideRecord,
  after: OverrideRecord,
  { live, now }: Pick<OverrideScene, 'live' | 'now'>,
  isDue: boolean,
): ReadonlySet<DrainKey> {
  const changed = [
    ...differing(before.overrides, after.overrides),
    ...[...before.overrides, ...after.overrides].filter(
      (each) => isOver(each, now) || (isDue && each.ramp !== undefined),
    ),
  ];
  const concerned = new Set<DrainKey>();
  if (changed.length === 0 && before.held.size === 0) return concerned;
  const [findChanged, findInForce] = [changed, after.overrides].map(overridesByTarget);
  for (const [key, { destinations }] of live.services) {
    const [isChanged, isInForce] = [findChanged?.(key), findInForce?.(key)];
    for (const destination of destinations.values()) {
      const id = drainKey(key, destination.key);
      const isLoose = before.held.has(id) && !isInForce?.(destination).length;
      if (isLoose || isChanged?.(destination).length) concerned.add(id);
    }
  }
  return concerned;
}

/** A destination of the files that a request sets a weight of, and that is not live. */
export interface AbsentTarget {
  readonly key: DrainKey;
  /** The last bad answer, where health removed it. undefined: it is not live for another reason. */
  readonly unhealthy: string | undefined;
}

/** Returns the destinations whose overrides wait until they are added. */
export function absentTargets(
  { set, isAbout: includes }: OverrideEffect,
  { desired, live }: { readonly desired: Desired; readonly live: Table },
  health: HealthStates,
): readonly AbsentTarget[] {
  if (set.length === 0) return [];
  return [...desired.services].flatMap(([service, { destinations }]) => {
    const found = live.services.get(service)?.destinations;
    const checks = desired.policy?.services.get(service)?.health?.destinations;
    return [...destinations.keys()]
      .filter((destination) => !found?.has(destination) && includes(service, destination))
      .map((destination) => {
        const key = drainKey(service, destination);
        const state = health.get(key);
        const isRemoved = checks?.get(destination)?.onFailure === 'remove';
        const unhealthy = isRemoved && state?.isHealthy === false ? state.reason : undefined;
        return { key, unhealthy };
      });
  });
}
