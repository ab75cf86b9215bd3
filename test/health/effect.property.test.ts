import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HealthClock, withHealth, withoutRemoved } from '../../src/health/effect.ts';
import type { Destination, DestinationKey } from '../../src/model/destination.ts';
import { type DrainKey, drainKey } from '../../src/model/drain.ts';
import type { HealthState, ServiceHealth } from '../../src/model/health.ts';
import type { ServiceEntry } from '../../src/model/table.ts';
import { CHECKED } from '../support/checked.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { destinationOf, serviceOf } from '../support/tables.ts';

const NOW = 1000;
const serverOf = (last: number, weight: number): Destination =>
  destinationOf(`10.0.0.${last}:80`, { weight });
const entry = (list: readonly Destination[]): ServiceEntry => ({
  service: serviceOf('tcp://192.0.2.1:80'),
  destinations: new Map(list.map((each) => [each.key, each])),
});

interface Situation {
  readonly desired: ServiceEntry;
  readonly live: ServiceEntry;
  readonly health: ServiceHealth;
  readonly clock: HealthClock;
  readonly overridden: ReadonlyMap<DestinationKey, number>;
}

const limits = fc.oneof(
  fc.constant(undefined),
  fc.record({ kind: fc.constant('count' as const), value: fc.nat(4) }),
  fc.record({ kind: fc.constant('percent' as const), value: fc.nat(100) }),
  fc.constant({ kind: 'off' as const }),
);

const servers = fc.array(
  fc.record({
    weight: fc.constantFrom(0, 1, 5),
    liveWeight: fc.constantFrom(undefined, 0, 1, 5),
    isHealthy: fc.option(fc.boolean()),
    onFailure: fc.constantFrom('weight' as const, 'remove' as const),
    since: fc.integer({ min: 900, max: 1000 }),
    overridden: fc.option(fc.constantFrom(0, 3), { freq: 4 }),
  }),
  { minLength: 1, maxLength: 6 },
);

const situations = fc
  .record({ servers, maxUnhealthy: limits, hasFallback: fc.boolean(), isChecking: fc.boolean() })
  .map(({ servers: list, maxUnhealthy, hasFallback, isChecking }): Situation => {
    const made = list.map((server, index) => ({
      ...server,
      it: serverOf(index + 1, server.weight),
    }));
    const sorry = serverOf(99, 0);
    const desired = entry([...made.map(({ it }) => it), ...(hasFallback ? [sorry] : [])]);
    const { key: service } = desired.service;
    const live = entry(
      made.flatMap(({ it, liveWeight: weight }) =>
        weight === undefined ? [] : [{ ...it, weight }],
      ),
    );
    const states = new Map<DrainKey, HealthState>();
    for (const { it, isHealthy, since: sinceSeconds } of made)
      if (isHealthy !== null)
        states.set(drainKey(service, it.key), { isHealthy, sinceSeconds, reason: 'HTTP 503' });
    return {
      desired,
      live,
      health: {
        maxUnhealthy,
        fallback: new Map(hasFallback ? [[sorry.key, 7]] : []),
        destinations: new Map(made.map(({ it, onFailure }) => [it.key, { ...CHECKED, onFailure }])),
      },
      clock: { states, isChecking, now: NOW },
      overridden: new Map(
        made.flatMap(({ it, overridden }) => (overridden === null ? [] : [[it.key, overridden]])),
      ),
    };
  });

type Treat = (situation: Situation) => ReturnType<typeof withHealth>;
const treated: Treat = ({ desired, live, health, clock, overridden }) => {
  const { entry: weighted, notes } = withHealth(desired, live, health, clock, ({ key }) =>
    overridden.get(key),
  );
  return { entry: withoutRemoved(weighted, notes), notes };
};

const unlimited: Treat = (situation) =>
  treated({ ...situation, health: { ...situation.health, maxUnhealthy: { kind: 'off' } } });

/** The destinations of the file that take connections unless health takes them out. */
function pool({ desired, health, overridden }: Situation): readonly Destination[] {
  return [...desired.destinations.values()].filter(
    ({ key, weight }) => weight > 0 && !health.fallback.has(key) && !overridden.has(key),
  );
}

const isUnhealthy = ({ desired, clock }: Situation, key: DestinationKey): boolean =>
  clock.states.get(drainKey(desired.service.key, key))?.isHealthy === false;

const keepsLimit = (treat: Treat) =>
  fc.property(situations, (situation) => {
    const { entry: result } = treat(situation);
    const own = pool(situation);
    const out = own.filter(({ key }) => (result.destinations.get(key)?.weight ?? 0) === 0).length;
    const { maxUnhealthy, fallback } = situation.health;
    const limit = maxUnhealthy ?? { kind: 'percent', value: fallback.size > 0 ? 100 : 50 };
    if (limit.kind === 'off') return true;
    return out <= (limit.kind === 'count' ? limit.value : (own.length * limit.value) / 100);
  });

const keepsUsable = (treat: Treat) =>
  fc.property(situations, (situation) => {
    const { entry: result } = treat(situation);
    const { desired, overridden } = situation;
    const weightIn = (of: ServiceEntry) => (key: DestinationKey) =>
      overridden.get(key) ?? of.destinations.get(key)?.weight ?? 0;
    const isServed = (of: ServiceEntry): boolean =>
      [...of.destinations.keys()].some((key) => weightIn(of)(key) > 0);
    return !isServed(desired) || isServed(result);
  });

const ignoresOrder = (treat: Treat) =>
  fc.property(situations, (situation) => {
    const { clock, live } = situation;
    const other = treat({
      ...situation,
      live: { ...live, destinations: new Map([...live.destinations].reverse()) },
      clock: { ...clock, states: new Map([...clock.states].reverse()) },
    });
    return JSON.stringify(weights(treat(situation).entry)) === JSON.stringify(weights(other.entry));
  });

const weights = ({ destinations }: ServiceEntry) =>
  [...destinations].map(([key, { weight }]) => [key, weight]);

const touchesOnlyUnhealthy = (treat: Treat) =>
  fc.property(situations, (situation) => {
    const { entry: result } = treat(situation);
    const { desired, health } = situation;
    return [...desired.destinations].every(([key, own]) => {
      const got = result.destinations.get(key);
      const isFree = isUnhealthy(situation, key) || health.fallback.has(key);
      if (got === undefined) return isFree;
      const { weight, ...rest } = got;
      const { weight: ownWeight, ...ownRest } = own;
      return JSON.stringify(rest) === JSON.stringify(ownRest) && (weight === ownWeight || isFree);
    });
  });

const usesFallbackLast = (treat: Treat) =>
  fc.property(situations, (situation) => {
    const { entry: result, notes } = treat(situation);
    const { health, overridden } = situation;
    const isUsable = [...result.destinations].some(
      ([key, { weight }]) => !health.fallback.has(key) && (overridden.get(key) ?? weight) > 0,
    );
    const isUsed = notes.some(({ effect }) => effect === 'fallback');
    return isUsed === (!isUsable && health.fallback.size > 0);
  });

/** A destination is missing exactly when health takes it out and its file says so. */
const removesAsAsked = (treat: Treat) =>
  fc.property(situations, (situation) => {
    const { entry: result, notes } = treat(situation);
    const { desired, live, health, clock } = situation;
    const taken = new Map(notes.map(({ destination: key, effect }) => [key, effect]));
    return [...desired.destinations.keys()].every((key) => {
      const isOut = taken.get(key) === 'out' || taken.get(key) === 'removed';
      const mayRemove = clock.isChecking || !live.destinations.has(key);
      const isAsked = health.destinations.get(key)?.onFailure === 'remove' && mayRemove;
      return result.destinations.has(key) === !(isOut && isAsked);
    });
  });

const changesNothing = (treat: Treat) =>
  fc.property(situations, (situation) => {
    const asOther = { ...situation, clock: { ...situation.clock, isChecking: false } };
    const { live } = situation;
    const { entry: result, notes } = treat(asOther);
    return (
      notes.every(
        ({ effect, destination: key }) =>
          (effect !== 'out' && effect !== 'removed') ||
          (live.destinations.get(key)?.weight ?? 0) === 0,
      ) && [...live.destinations.keys()].every((key) => result.destinations.has(key))
    );
  });

describe('the effect of health on a service', () => {
  test('never takes out more destinations than max_unhealthy allows', async () => {
    await holds(keepsLimit(treated));
    await isBrokenBy(keepsLimit(unlimited));
  });

  test('leaves a usable destination, or a fallback, to a service that has one', async () => {
    await holds(keepsUsable(treated));
    await isBrokenBy(
      keepsUsable((situation) => {
        const { entry: result } = treated(situation);
        const destinations = new Map(result.destinations);
        for (const [key, own] of destinations)
          if (isUnhealthy(situation, key)) destinations.set(key, { ...own, weight: 0 });
        return { entry: { ...result, destinations }, notes: [] };
      }),
    );
  });

  test('does not depend on the order in which the answers came', async () => {
    await holds(ignoresOrder(treated));
    await isBrokenBy(
      ignoresOrder((situation) => {
        const last = [...situation.clock.states].slice(-1);
        return treated({ ...situation, clock: { ...situation.clock, states: new Map(last) } });
      }),
    );
  });

  test('changes weights of unhealthy destinations and fallbacks, and nothing else', async () => {
    await holds(touchesOnlyUnhealthy(treated));
    await isBrokenBy(
      touchesOnlyUnhealthy((situation) => ({
        entry: entry(
          [...situation.desired.destinations.values()].map((it) => ({ ...it, weight: 9 })),
        ),
        notes: [],
      })),
    );
  });

  test('uses a fallback exactly when no other destination is usable', async () => {
    await holds(usesFallbackLast(treated));
    await isBrokenBy(usesFallbackLast((situation) => ({ ...treated(situation), notes: [] })));
  });

  test('deletes the destinations that it takes out where on_failure asks for it', async () => {
    await holds(removesAsAsked(treated));
    await isBrokenBy(
      removesAsAsked(({ desired, live, health, clock, overridden }) =>
        withHealth(desired, live, health, clock, ({ key }) => overridden.get(key)),
      ),
    );
    await isBrokenBy(
      removesAsAsked((situation) => {
        const { entry: result, notes } = treated(situation);
        const all = notes.map((note) =>
          note.effect === 'out' ? { ...note, effect: 'removed' as const } : note,
        );
        return { entry: withoutRemoved(result, all), notes };
      }),
    );
  });

  test('of a program that does not check takes out only what is out already', async () => {
    await holds(changesNothing(treated));
    await isBrokenBy(
      changesNothing((situation) =>
        treated({ ...situation, clock: { ...situation.clock, isChecking: true } }),
      ),
    );
  });
});

test('beyond the limit, the destinations stay that are in, and the notes say so', () => {
  const [a, b, c] = [1, 2, 3].map((last) => serverOf(last, 4));
  if (!a || !b || !c) throw new Error('three destinations');
  const desired = entry([a, b, c]);
  const live = entry([{ ...a, weight: 0 }, b, c]);
  const bad = { isHealthy: false, sinceSeconds: 990, reason: 'connection refused' };
  const states = new Map(
    [a, b, c].map(({ key }) => [drainKey(desired.service.key, key), bad] as const),
  );
  const health = {
    ...{ maxUnhealthy: undefined, fallback: new Map() },
    destinations: new Map([a, b, c].map(({ key }) => [key, CHECKED])),
  };
  const clock = { states, isChecking: true, now: NOW };
  const { notes } = withHealth(desired, live, health, clock, () => undefined);
  expect(notes.map(({ destination: key, effect }) => [key, effect])).toEqual([
    [a.key, 'out'],
    [b.key, 'panic'],
    [c.key, 'panic'],
  ]);
  expect(notes[0]).toMatchObject({ weight: 0, ownWeight: 4, reason: 'connection refused' });
});

test('after a recovery, the weight rises from 1 to its own', () => {
  const server = serverOf(1, 101);
  const desired = entry([server]);
  const id = drainKey(desired.service.key, server.key);
  const health = {
    ...{ maxUnhealthy: undefined, fallback: new Map() },
    destinations: new Map([[server.key, { ...CHECKED, slowStartSeconds: 50 }]]),
  };
  const state = { isHealthy: true, sinceSeconds: NOW, reason: '', rampEndSeconds: NOW + 50 };
  const weightAt = (now: number) =>
    withHealth(
      ...([desired, undefined, health] as const),
      { states: new Map([[id, state]]), isChecking: true, now },
      () => undefined,
    ).entry.destinations.get(server.key)?.weight;
  expect([0, 10, 25, 49, 50, 60].map((seconds) => weightAt(NOW + seconds))).toEqual([
    1, 21, 51, 99, 101, 101,
  ]);
});
