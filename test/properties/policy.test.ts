import fc from 'fast-check';
import { test } from 'vitest';

import type { Desired } from '../../src/model/desired.ts';
import { type DrainKey, drainKey, type PendingDrain } from '../../src/model/drain.ts';
import { type Connections, NO_CONNECTIONS, type Snapshot } from '../../src/model/ipvs.ts';
import { isManaged, type Manage, type Policy } from '../../src/model/policy.ts';
import type { ServiceKey } from '../../src/model/service.ts';
import type { Table } from '../../src/model/table.ts';
import type { Drain } from '../../src/plan/drain/drain.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { type Plan, plan } from '../../src/plan/plan.ts';
import { type Scoped, type ScopeOptions, scope } from '../../src/plan/scope.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { countersOf, manages, policiesOf } from '../support/arbitrary-policy.ts';
import { isSameTable, operationsOf, run } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { type TablePair, tablePairs } from '../support/table-pairs.ts';
import { desiredOf } from '../support/tables.ts';

type Scoper = (desired: Desired, snapshot: Snapshot, options?: ScopeOptions) => Scoped;

const snapshotOf = (table: Table, counters: Snapshot['counters'] = new Map()): Snapshot => ({
  table,
  counters,
  unmanageable: [],
});
const withoutPolicy: Scoper = ({ policy: _, ...desired }, snapshot, options) =>
  scope(desired, snapshot, options);

/** The services that a file may declare when it manages only these: none outside of them. */
function declared(table: Table, manage: Manage): Table['services'] {
  return new Map(
    [...table.services].filter(([, { service }]) => isManaged(manage, service.identity)),
  );
}

/** Tables without daemons, which would refuse mixed families: another test is about those. */
const pairs = tablePairs({ mixedFamilies: false });

const sparesForeign = (scoper: Scoper) =>
  fc.property(pairs, manages, ({ live, desired }, manage) => {
    const policy: Policy = { manage, services: new Map(), sysctls: undefined };
    const { table, foreign } = scoper(
      desiredOf(declared(desired, manage), { policy }),
      snapshotOf(live),
    );
    const canaries = [...live.services].filter(
      ([, { service }]) => !isManaged(manage, service.identity),
    );
    const { tables } = run(live, operationsOf(plan(live, table)));
    return (
      canaries.length === foreign.size &&
      tables.every(({ services }) => canaries.every(([key, entry]) => services.get(key) === entry))
    );
  });

test('a foreign service is unchanged after each operation of any plan', async () => {
  await holds(sparesForeign(scope));
});

test('foreign services are lost when every service is taken as managed', async () => {
  await isBrokenBy(sparesForeign(withoutPolicy));
});

/** Two tables, a policy for the second one, and connections in the first one. */
const situations = pairs.chain(({ live, desired }) =>
  fc.record({
    live: fc.constant(live),
    desired: fc.constant(desired),
    policy: policiesOf(desired),
    counters: countersOf(live),
  }),
);

/**
 * Tells whether each preserved value of a live destination is the live one, and each value of a new
 * destination that of the file.
 */
function isPreserved({ live, desired }: TablePair, { services }: Policy, result: Table): boolean {
  return [...services].every(([key, { preserve }]) =>
    [...preserve].every(([name, { weight, thresholds }]) => {
      const found = live.services.get(key)?.destinations.get(name);
      const wanted = desired.services.get(key)?.destinations.get(name);
      const got = result.services.get(key)?.destinations.get(name);
      const [ownWeight, ownThresholds] = [
        weight ? (found ?? wanted) : wanted,
        thresholds ? (found ?? wanted) : wanted,
      ];
      return (
        got?.weight === ownWeight?.weight &&
        got?.upperThreshold === ownThresholds?.upperThreshold &&
        got?.lowerThreshold === ownThresholds?.lowerThreshold
      );
    }),
  );
}

const preserves = (scoper: Scoper) =>
  fc.property(situations, ({ live, desired, policy }) => {
    const { table } = scoper(desiredOf(desired.services, { policy }), snapshotOf(live));
    const { last, refusals } = run(live, operationsOf(plan(live, table)));
    return refusals.length === 0 && isPreserved({ live, desired }, policy, last);
  });

test('a preserved value is the live one, or that of the file for a new destination', async () => {
  await holds(preserves(scope));
});

test('preserved values are overwritten without the policy', async () => {
  await isBrokenBy(preserves(withoutPolicy));
});

test('apply preserves what the plan preserves', async () => {
  await holds(
    fc.asyncProperty(situations, async ({ live, desired, policy }) => {
      const ipvs = openEmbeddedTable(live);
      const wanted = desiredOf(desired.services, { policy });
      const { table: planned, drains } = scope(wanted, snapshotOf(live));
      const report = await reconcile(ipvs, wanted, {
        allowances: { unserved: true, empty: true, maxServiceDeletes: { kind: 'off' } },
      });
      return (
        isSameTable(ipvs.table(), without(planned, drains)) &&
        isSameTable(report.plan.desired, ipvs.table())
      );
    }),
    100,
  );
});

/** The table without the draining destinations, none of which has connections here. */
function without(table: Table, drains: readonly Drain[]): Table {
  const gone = new Set(drains.map(({ service, destination }) => drainKey(service, destination)));
  const services = [...table.services].map(([key, { service, destinations }]) => {
    const left = [...destinations].filter(([name]) => !gone.has(drainKey(key, name)));
    return [key, { service, destinations: new Map(left) }] as const;
  });
  return { ...table, services: new Map(services) };
}

const NOW = 1000;

function drainOnce(
  scoper: Scoper,
  { live, desired, policy, counters }: Situation,
  pending: Pending = new Map(),
  now = NOW,
) {
  const wanted = desiredOf(desired.services, { policy });
  const { table, drains } = scoper(wanted, snapshotOf(live, counters), {
    drains: { now, drains: pending, policies: new Map() },
  });
  const planned = plan(live, table);
  const begun: Pending = new Map(
    drains.map((drain) => [drainKey(drain.service, drain.destination), drain]),
  );
  return { planned, result: run(live, operationsOf(planned)).last, begun };
}

type Situation = typeof situations extends fc.Arbitrary<infer T> ? T : never;
type Pending = ReadonlyMap<DrainKey, PendingDrain>;

/** The live destinations that the file no longer has, in services that it has. */
function removed({ live, desired, policy, counters }: Situation) {
  return [...desired.services].flatMap(([service, { destinations }]) =>
    [...(live.services.get(service)?.destinations ?? [])]
      .filter(([destination]) => !destinations.has(destination))
      .map(([destination, before]) => ({
        service,
        destination,
        before,
        key: drainKey(service, destination),
        policy: policy.services.get(service)?.drain,
        isTcpOrSctp: /^(?:tcp|sctp)/.test(service),
        isOnePacket: service.startsWith('udp') && isOnePacket(live, service),
        counted: counters.get(service)?.destinations.get(destination) ?? NO_CONNECTIONS,
      })),
  );
}

function isOnePacket({ services }: Table, service: ServiceKey): boolean {
  return services.get(service)?.service.onePacket ?? false;
}

const keepsConnections = (scoper: Scoper) =>
  fc.property(situations, (situation) => {
    const { result, begun } = drainOnce(scoper, situation);
    return removed(situation).every((gone) => {
      const { service, destination, before, key, policy } = gone;
      const kept = result.services.get(service)?.destinations.get(destination);
      const mayBeMissed = before.weight > 0 && !gone.isOnePacket;
      if (!policy || (sumOf(gone.counted) === 0 && !mayBeMissed))
        return kept === undefined && !begun.has(key);
      const { deadlineSeconds, weight } = begun.get(key) ?? {};
      return (
        kept?.weight === 0 &&
        deadlineSeconds === NOW + policy.timeoutSeconds &&
        weight === before.weight
      );
    });
  });

test('keeps a removed destination at weight 0 while the kernel remembers connections of it, or may take one', async () => {
  await holds(keepsConnections(scope));
});

test('cuts connections without the policy', async () => {
  await isBrokenBy(keepsConnections(withoutPolicy));
});

/** A drain that is looked at again `later`, in a table that has the same connections then. */
const endsInTime = (forgetsQuiet: boolean) =>
  fc.property(situations, fc.nat(400), (situation, later) => {
    const first = drainOnce(scope, situation);
    const begun = new Map(
      [...first.begun].map(([key, { quietSinceSeconds, ...drain }]) => [
        key,
        forgetsQuiet || quietSinceSeconds === undefined ? drain : { ...drain, quietSinceSeconds },
      ]),
    );
    const next = { ...situation, live: first.result };
    const second = drainOnce(scope, next, begun, NOW + later);
    const names = destinationNames(second.result);
    return removed(situation).every(({ key, policy, counted, isTcpOrSctp }) => {
      const drain = begun.get(key);
      if (!drain || !policy) return true;
      const { active, inactive } = counted;
      const isOpen = active > 0 || (!isTcpOrSctp && inactive > 0);
      const isKept =
        later < policy.timeoutSeconds &&
        sumOf(counted) > 0 &&
        (isOpen || later < policy.lingerSeconds);
      const { deadlineSeconds, weight } = second.begun.get(key) ?? {};
      return isKept
        ? names.has(key) && deadlineSeconds === drain.deadlineSeconds && weight === drain.weight
        : !second.begun.has(key) && !names.has(key);
    });
  });

test('deletes a draining destination when the kernel remembers nothing of it, after the linger without an open connection, and at the deadline', async () => {
  await holds(endsInTime(false));
});

test('waits for closed connections beyond the linger when the record forgets since when it is quiet', async () => {
  await isBrokenBy(endsInTime(true));
});

function sumOf({ active, inactive, persistent }: Connections): number {
  return active + inactive + persistent;
}

function destinationNames(table: Table): ReadonlySet<DrainKey> {
  return new Set(
    [...table.services].flatMap(([service, { destinations }]) =>
      [...destinations.keys()].map((key) => drainKey(service, key)),
    ),
  );
}

/** The desired table with every destination that the file had removed. */
function withEverything({ live, desired }: TablePair): Table {
  const services = [...desired.services].map(([key, { service, destinations }]) => {
    const before = live.services.get(key)?.destinations ?? new Map();
    return [key, { service, destinations: new Map([...before, ...destinations]) }] as const;
  });
  return { ...desired, services: new Map(services) };
}

const comesBack = (forget: boolean) =>
  fc.property(situations, fc.boolean(), (situation, isPreserving) => {
    const first = drainOnce(scope, situation);
    const desired = withEverything(situation);
    const services = [...desired.services].map(([key, { destinations }]) => {
      const preserve = new Map(
        [...destinations.keys()].map((name) => [name, { weight: isPreserving, thresholds: false }]),
      );
      return [
        key,
        { protect: false, drain: { timeoutSeconds: 60, lingerSeconds: 120 }, preserve },
      ] as const;
    });
    const again = {
      ...situation,
      live: first.result,
      desired,
      policy: { ...situation.policy, services: new Map(services) },
    };
    const { planned, result } = drainOnce(scope, again, forget ? new Map() : first.begun);
    return [...first.begun.keys()].every((key) => {
      const [service, destination] = key.split(' ') as [never, never];
      const before = situation.live.services.get(service)?.destinations.get(destination);
      return (
        result.services.get(service)?.destinations.get(destination)?.weight === before?.weight &&
        kindsFor(planned, key).every(isEdit)
      );
    });
  });

function kindsFor(planned: Plan, key: DrainKey): string[] {
  return planned.changes.flatMap((change, index) => {
    if (change.object !== 'destination' || drainKey(change.service, change.destination) !== key)
      return [];
    return planned.waves.flatMap(({ steps }) =>
      steps.filter((step) => step.change === index).map(({ operation }) => operation.kind),
    );
  });
}

function isEdit(kind: string): boolean {
  return kind === 'edit-destination';
}

test('a draining destination that is wanted again gets its weight back by an edit', async () => {
  await holds(comesBack(false));
});

test('a preserved weight is lost when the drain is forgotten', async () => {
  await isBrokenBy(comesBack(true));
});
