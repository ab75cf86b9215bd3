import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Destination, MAX_WEIGHT } from '../../src/model/destination.ts';
import { drainKey } from '../../src/model/drain.ts';
import {
  isAbout,
  isOver,
  type Override,
  secondsUntilChange,
  weightAt,
} from '../../src/model/override.ts';
import type { ServiceKey } from '../../src/model/service.ts';
import type { Table } from '../../src/model/table.ts';
import {
  type OverrideClock,
  overridesAfter,
  secondsUntilNext,
} from '../../src/plan/overrides/overrides.ts';
import { type Scoped, type ScopeOptions, scope } from '../../src/plan/scope.ts';
import { policiesOf } from '../support/arbitrary-policy.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs } from '../support/table-pairs.ts';
import { desiredOf } from '../support/tables.ts';

const NOW = 5000;
const date = new Date('2026-05-04T12:00:00Z');
const clockOf = (overrides: readonly Override[], now = NOW): OverrideClock => ({
  ...{ overrides, held: new Map(), now, date },
});

/** Overrides of destinations of a table: some have a ramp, some are over. */
function overridesOf(table: Table): fc.Arbitrary<Override[]> {
  const targets = [...table.services.values()].flatMap(({ service, destinations }) => [
    { service: service.key, destination: null },
    ...[...destinations.values()].flatMap(({ key, address }) => [
      { service: service.key, destination: key as string },
      { service: null, destination: key as string },
      { service: null, destination: address as string },
    ]),
  ]);
  const target = fc.constantFrom({ service: null, destination: '203.0.113.9' }, ...targets);
  const weight = fc.oneof(fc.constantFrom(0, 1, 3), fc.nat(200));
  const override = fc.record({
    target,
    weight,
    ramp: fc.option(fc.record({ from: weight, sinceSeconds: fc.constantFrom(4000, 4990, 5000) })),
    lasts: fc.option(fc.constantFrom(-10, 0, 0.5, 100), { nil: undefined }),
    by: fc.constantFrom('alice', 'bob'),
    owner: fc.option(fc.constant('checker-1'), { nil: undefined }),
  });
  return fc.array(
    override.map(
      ({ target: about, lasts, ramp, owner, ...rest }): Override => ({
        ...about,
        ...rest,
        ...(ramp && { ramp: { ...ramp, seconds: 600 } }),
        ...(owner !== undefined && { owner }),
        ...(lasts !== undefined && { endSeconds: NOW + lasts }),
        reason: '',
        since: date.toISOString(),
      }),
    ),
    { maxLength: 6 },
  );
}

const situations = tablePairs({ mixedFamilies: false }).chain(({ live, desired }) =>
  fc.record({
    live: fc.constant(live),
    desired: fc.constant(desired),
    policy: policiesOf(desired),
    overrides: overridesOf(desired),
  }),
);

type Situation = typeof situations extends fc.Arbitrary<infer T> ? T : never;
type Scoper = (situation: Situation, clock: OverrideClock) => Scoped;

const scoped: Scoper = ({ live, desired, policy }, overrides) =>
  scope(
    desiredOf(desired.services, { policy }),
    { table: live, counters: new Map(), unmanageable: [] },
    { overrides } satisfies ScopeOptions,
  );

/** Compares each destination of two tables, and tells whether `isRight` holds for all. */
function everyDestination(
  { table }: Scoped,
  other: Scoped,
  isRight: (got: Destination, own: Destination, service: ServiceKey) => boolean,
): boolean {
  return [...table.services].every(([service, { destinations }]) =>
    [...destinations.values()].every((destination) => {
      const own = other.table.services.get(service)?.destinations.get(destination.key);
      return own !== undefined && isRight(destination, own, service);
    }),
  );
}

const setsWeights = (scoper: Scoper) =>
  fc.property(situations, (situation) => {
    const plain = scoped(situation, clockOf([]));
    const result = scoper(situation, clockOf(situation.overrides));
    const inForce = situation.overrides.filter((override) => !isOver(override, NOW));
    const isDraining = new Set(
      result.drains.map(({ service, destination }) => drainKey(service, destination)),
    );
    return everyDestination(result, plain, (got, own, service) => {
      const { weight, ...rest } = got;
      const { weight: ownWeight, ...ownRest } = own;
      const weights = inForce
        .filter((override) => isAbout(override, service, got))
        .map((override) => weightAt(override, NOW));
      const isFree = weights.length === 0 || isDraining.has(drainKey(service, got.key));
      return (
        JSON.stringify(rest) === JSON.stringify(ownRest) &&
        weight === (isFree ? ownWeight : Math.min(...weights))
      );
    });
  });

test('the lowest weight of all overrides wins, and all else of every object stays', async () => {
  await holds(setsWeights(scoped));
});

test('it is found when the last override wins in place of the lowest', async () => {
  await isBrokenBy(
    setsWeights((situation, clock) =>
      scoped(situation, { ...clock, overrides: clock.overrides.slice(-1) }),
    ),
  );
});

test('it is found when an override that is over still holds', async () => {
  await isBrokenBy(
    setsWeights((situation, clock) =>
      scoped(situation, {
        ...clock,
        overrides: clock.overrides.map(({ endSeconds: _, ...override }) => override),
      }),
    ),
  );
});

const namesWhatItSets = fc.property(situations, (situation) => {
  const plain = scoped(situation, clockOf([]));
  const { table, overrides } = scoped(situation, clockOf(situation.overrides));
  const noted = new Map(overrides.map((each) => [drainKey(each.service, each.destination), each]));
  return [...table.services].every(([service, { destinations }]) =>
    [...destinations.values()].every(({ key, weight }) => {
      const own = plain.table.services.get(service)?.destinations.get(key)?.weight;
      const note = noted.get(drainKey(service, key));
      return note ? note.weight === weight && note.ownWeight === own : weight === own;
    }),
  );
});

test('each changed weight has a note with the weight of the file, and no other has one', async () => {
  await holds(namesWhatItSets);
});

/** Gives the weights after overrides came and went, with or without the weights from before. */
const givesBack = (keepsHeld: boolean) =>
  fc.property(situations, (situation) => {
    const before = scoped(situation, clockOf([]));
    const clock = clockOf(situation.overrides);
    const during = scoped(situation, clock);
    const { held } = overridesAfter(clock, during.overrides, () => true, new Set());
    const after = scoped(
      { ...situation, live: during.table },
      { ...clockOf([]), held: keepsHeld ? held : new Map() },
    );
    const isDrained = new Set(before.drains.map(({ destination }) => destination));
    return everyDestination(
      after,
      before,
      ({ weight, key }, own) => weight === own.weight || isDrained.has(key),
    );
  });

test('the end of an override gives the weight back, also one that is preserved', async () => {
  await holds(givesBack(true));
});

test('a preserved weight is lost when the weight from before is not kept', async () => {
  await isBrokenBy(givesBack(false));
});

test('the same overrides on the table that they led to change nothing', async () => {
  await holds(
    fc.property(situations, (situation) => {
      const clock = clockOf(situation.overrides);
      const once = scoped(situation, clock);
      const { held } = overridesAfter(clock, once.overrides, () => true, new Set());
      const twice = scoped({ ...situation, live: once.table }, { ...clock, held });
      return everyDestination(twice, once, (got, own) => got.weight === own.weight);
    }),
  );
});

const ramps = fc.record({
  from: fc.oneof(fc.nat(50), fc.nat(MAX_WEIGHT)),
  weight: fc.oneof(fc.nat(50), fc.nat(MAX_WEIGHT)),
  seconds: fc.integer({ min: 1, max: 2000 }),
});

function rampOf({ from, weight, seconds }: { from: number; weight: number; seconds: number }) {
  const { since, by, reason } = { since: date.toISOString(), by: 'alice', reason: '' };
  const ramp = { from, sinceSeconds: NOW, seconds };
  return { service: null, destination: '10.0.0.1', weight, ramp, since, by, reason } as Override;
}

/** Follows a ramp from one change to the next. `late` is how late each look comes, in seconds. */
function follow(override: Override, late: readonly number[], at: typeof weightAt) {
  const steps: { time: number; weight: number }[] = [];
  let now = NOW;
  for (let looks = 0; looks < 3000; looks++) {
    const weight = at(override, now);
    if (steps.at(-1)?.weight !== weight) steps.push({ time: now, weight });
    const wait = secondsUntilChange(override, now);
    if (wait === undefined) break;
    now += wait + (late[looks % late.length] ?? 0);
  }
  return steps;
}

const isGentle = (at: typeof weightAt) =>
  fc.property(
    ramps,
    fc.array(fc.constantFrom(0, 0.001, 0.4, 3), { minLength: 1, maxLength: 5 }),
    (text, late) => {
      const override = rampOf(text);
      const { from, weight, seconds } = text;
      const steps = follow(override, late, at);
      const direction = Math.sign(weight - from);
      return (
        steps[0]?.weight === from &&
        steps.at(-1)?.weight === weight &&
        (steps.at(-1)?.time ?? 0) <= NOW + seconds + 4.001 &&
        steps.every((step, index) => {
          const last = steps[index - 1];
          return (
            !last ||
            (Math.sign(step.weight - last.weight) === direction && step.time - last.time >= 0.999)
          );
        })
      );
    },
  );

test('a ramp goes one way, a step a second at most, and ends exactly at its weight', async () => {
  await holds(isGentle(weightAt));
});

test('it is found when a ramp rounds its last step away', async () => {
  await isBrokenBy(
    isGentle((override, now) =>
      Math.min(weightAt(override, now), Math.max(0, override.weight - 1)),
    ),
  );
});

test('a ramp between two values has a step of 1 where time allows', () => {
  const override = rampOf({ from: 0, weight: 10, seconds: 600 });
  expect(follow(override, [0], weightAt).map(({ time, weight }) => [time - NOW, weight])).toEqual(
    Array.from({ length: 11 }, (_, step) => [step * 60, step]),
  );
});

test('an override that is over does not ask for another look', () => {
  const override = { ...rampOf({ from: 0, weight: 3, seconds: 30 }), endSeconds: NOW };
  expect(secondsUntilNext(clockOf([override]))).toBeUndefined();
  expect(secondsUntilNext(clockOf([{ ...override, endSeconds: NOW + 5 }]))).toBe(5);
  expect(secondsUntilNext(clockOf([{ ...override, endSeconds: NOW + 500 }]))).toBe(10);
});
