import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import type { Destination, DestinationKey } from '../../src/model/destination.ts';
import { type DrainKey, drainKey, NO_DRAINS } from '../../src/model/drain.ts';
import type { HealthState } from '../../src/model/health.ts';
import type { Override } from '../../src/model/override.ts';
import { guard } from '../../src/plan/guard.ts';
import { impactOf } from '../../src/plan/impact.ts';
import { scopeOverrides } from '../../src/plan/overrides/override-scope.ts';
import { plan } from '../../src/plan/plan.ts';
import { type Scoped, scope } from '../../src/plan/scope.ts';
import { CHECKED } from '../support/checked.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { desiredOf, destinationOf, keyOf, tableOf } from '../support/tables.ts';

const NOW = 1000;
const SERVICE = keyOf('udp://192.0.2.1:53');

const server = fc.record({
  weight: fc.constantFrom(0, 1, 5),
  liveWeight: fc.constantFrom(undefined, 0, 1, 5),
  isHealthy: fc.boolean(),
  overridden: fc.option(fc.constantFrom(0, 3), { freq: 4, nil: undefined }),
  connections: fc.nat(2),
});

const situations = fc.record({
  servers: fc.array(server, { minLength: 2, maxLength: 6 }),
  drains: fc.boolean(),
});
type Situation = typeof situations extends fc.Arbitrary<infer T> ? T : never;

/** The table, the files and the records of a situation. */
function sceneOf({ servers, drains }: Situation) {
  const made = servers.map((each, index) => ({ ...each, key: `10.0.0.${index + 1}:53` }));
  const destinations = made.map(({ key, weight }) => destinationOf(key, { weight }));
  const live = tableOf({
    [SERVICE]: {
      destinations: Object.fromEntries(
        made.flatMap(({ key, liveWeight }) =>
          liveWeight === undefined ? [] : [[key, liveWeight]],
        ),
      ),
    },
  });
  const { service } = live.services.get(SERVICE) ?? {};
  if (!service) throw new Error('the service of the test');
  const desired: Desired = {
    ...desiredOf(
      new Map([[SERVICE, { service, destinations: new Map(destinations.map((d) => [d.key, d])) }]]),
    ),
    policy: {
      ...{ manage: undefined, sysctls: undefined },
      services: new Map([
        [
          SERVICE,
          {
            ...{ protect: false, preserve: new Map() },
            drain: drains ? { timeoutSeconds: 60, lingerSeconds: 30 } : undefined,
            health: {
              maxUnhealthy: { kind: 'off' },
              fallback: new Map(),
              destinations: new Map(
                destinations.map(({ key }) => [key, { ...CHECKED, onFailure: 'remove' }]),
              ),
            },
          },
        ],
      ]),
    },
  };
  const idOf = (index: number): DrainKey =>
    drainKey(SERVICE, (destinations[index] as Destination).key);
  const states = new Map(
    made.map(({ isHealthy }, index): [DrainKey, HealthState] => [
      idOf(index),
      { isHealthy, sinceSeconds: 900, reason: 'timeout after 1s' },
    ]),
  );
  const overrides = made.flatMap(({ key, overridden }): Override[] =>
    overridden === undefined
      ? []
      : [
          {
            service: SERVICE,
            destination: key,
            weight: overridden,
            by: 'a',
            reason: '',
            since: '',
          },
        ],
  );
  const counters = new Map([
    [
      SERVICE,
      {
        stats: undefined,
        destinations: new Map(
          made.map(({ connections: active, key }) => [
            key as DestinationKey,
            { active, inactive: 0, persistent: 0, stats: undefined },
          ]),
        ),
      },
    ],
  ]);
  return {
    desired,
    snapshot: { table: live, counters, unmanageable: [] },
    drains: { ...NO_DRAINS, now: NOW },
    overrides: { overrides, held: new Map(), now: NOW, date: new Date(0) },
    health: { states, isChecking: true, now: NOW },
    ids: new Set(made.map((_, index) => idOf(index))),
  };
}

type Scoper = (situation: Situation) => Scoped;

const whole: Scoper = (situation) => {
  const { desired, snapshot, ...options } = sceneOf(situation);
  return scope(desired, snapshot, options);
};

const destinationsIn = ({ table }: Scoped): ReadonlyMap<DestinationKey, Destination> =>
  table.services.get(SERVICE)?.destinations ?? new Map();

const cuts = (scoper: Scoper) =>
  fc.property(situations, (situation) => {
    const scoped = scoper(situation);
    const kept = destinationsIn(scoped);
    const removed = scoped.health.filter(({ effect }) => effect === 'removed');
    return scoped.drains.length === 0 && removed.every(({ destination }) => !kept.has(destination));
  });

test('a destination that health removes does not drain', async () => {
  await holds(cuts(whole));
  await isBrokenBy(
    cuts((situation) => {
      const { desired, snapshot, ...options } = sceneOf(situation);
      const kept = destinationsIn(whole(situation));
      const [entry] = desired.services.values();
      if (!entry) throw new Error('the service of the test');
      const services = new Map([[SERVICE, { ...entry, destinations: kept }]]);
      return scope({ ...desired, services }, snapshot, options);
    }),
  );
});

const keepsOverridden = (scoper: Scoper) =>
  fc.property(situations, (situation) => {
    const kept = [...destinationsIn(scoper(situation)).values()];
    return situation.servers.every(
      ({ overridden, isHealthy }, index) =>
        overridden === undefined ||
        (overridden === 0 && !isHealthy) ||
        kept.some(({ key, weight }) => key === `10.0.0.${index + 1}:53` && weight === overridden),
    );
  });

const cutsDrained = (scoper: Scoper) =>
  fc.property(situations, (situation) => {
    const kept = destinationsIn(scoper(situation));
    return situation.servers.every(
      ({ overridden, isHealthy }, index) =>
        overridden !== 0 || isHealthy || !kept.has(`10.0.0.${index + 1}:53` as DestinationKey),
    );
  });

test('an unhealthy destination whose override has weight 0 is removed all the same', async () => {
  await holds(cutsDrained(whole));
  await isBrokenBy(
    cutsDrained((situation) => {
      const servers = situation.servers.map((each) => ({ ...each, isHealthy: true }));
      return whole({ ...situation, servers });
    }),
  );
});

test('a destination with an override of a weight is not removed', async () => {
  await holds(keepsOverridden(whole));
  await isBrokenBy(
    keepsOverridden((situation) => {
      const { desired, snapshot, overrides, ...options } = sceneOf(situation);
      const none = { ...overrides, overrides: [] };
      return scope(desired, snapshot, { ...options, overrides: none });
    }),
  );
});

const isCountedOnce = (isToldOfHealth: boolean) =>
  fc.property(situations, (situation) => {
    const { snapshot } = sceneOf(situation);
    const scoped = whole(situation);
    const refusals = guard(plan(snapshot.table, scoped.table), {
      limits: { maxDestinationDeletes: { kind: 'count', value: 0 } },
      ...(isToldOfHealth && { health: scoped.health }),
    });
    return refusals.every(({ guard: name }) => name !== 'max_destination_deletes');
  });

test('the limit of deletions does not count what max_unhealthy limits', async () => {
  await holds(isCountedOnce(true));
  await isBrokenBy(isCountedOnce(false));
});

const deletesNothing = (scoper: Scoper) =>
  fc.property(situations, (situation) => {
    const { snapshot } = sceneOf(situation);
    const { changes } = plan(snapshot.table, scoper(situation).table);
    return changes.every(({ before, after }) => before && after);
  });

test('a command about overrides deletes no destination that health is to remove', async () => {
  await holds(
    deletesNothing((situation) => {
      const { desired, snapshot, drains, overrides, health, ids } = sceneOf(situation);
      return scopeOverrides(desired, snapshot, drains, overrides, health, ids);
    }),
  );
  await isBrokenBy(deletesNothing(whole));
});

test('a plan that removes an unhealthy destination says how many connections it cuts', () => {
  const [one, other] = [true, false].map((isHealthy) => ({
    ...{ weight: 1, liveWeight: 1, isHealthy, overridden: undefined, connections: 2 },
  }));
  const situation = { servers: [one, other], drains: true } as Situation;
  const { snapshot } = sceneOf(situation);
  const { changes } = plan(snapshot.table, whole(situation).table);
  expect(changes.map((change) => impactOf(change, snapshot.counters))).toEqual([
    { kind: 'cut', connections: 2 },
  ]);
});
