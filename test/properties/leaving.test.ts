import fc from 'fast-check';
import { test } from 'vitest';

import type { Desired } from '../../src/model/desired.ts';
import { type DrainPolicy, type DrainRecord, NO_DRAINS } from '../../src/model/drain.ts';
import { type Connections, NO_CONNECTIONS, type Snapshot } from '../../src/model/ipvs.ts';
import type { ServiceKey } from '../../src/model/service.ts';
import type { Table } from '../../src/model/table.ts';
import type { DrainClock } from '../../src/plan/drain/drain.ts';
import { recordAfter } from '../../src/plan/drain/drain-record.ts';
import { guard } from '../../src/plan/guard.ts';
import { plan } from '../../src/plan/plan.ts';
import { scope } from '../../src/plan/scope.ts';
import { countersOf, policiesOf } from '../support/arbitrary-policy.ts';
import { operationsOf, run } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs } from '../support/table-pairs.ts';
import { desiredOf } from '../support/tables.ts';

/** No daemon runs in these: it would refuse mixed families, which is another matter. */
const situations = tablePairs({ mixedFamilies: false }).chain(({ live, desired }) =>
  fc.record({
    live: fc.constant(live),
    desired: policiesOf(desired).map((policy) => desiredOf(desired.services, { policy })),
    /** How the live services drain, as they were last applied. */
    policies: policiesOf(live).map(({ services }) =>
      [...services].flatMap(([key, { drain }]) => (drain ? [[key, drain] as const] : [])),
    ),
    counters: countersOf(live),
  }),
);

interface Situation {
  readonly live: Table;
  readonly desired: Desired;
  readonly policies: readonly (readonly [ServiceKey, DrainPolicy])[];
  readonly counters: Snapshot['counters'];
}

/** Plans and executes once, with every guard at its strictest but those that have no number. */
function pass(
  { desired, counters }: Situation,
  live: Table,
  record: DrainRecord,
  now: number,
  knownToGuard: DrainRecord = record,
) {
  const clock: DrainClock = { ...record, now };
  const snapshot = { table: live, counters, unmanageable: [] };
  const { table, drains, leaving, foreign } = scope(desired, snapshot, { drains: clock });
  const planned = plan(live, table);
  const none = { kind: 'count', value: 0 } as const;
  const refusals = guard(planned, {
    limits: { maxServiceDeletes: none, maxDestinationDeletes: none },
    allowances: { empty: true, unserved: true },
    foreign,
    drains,
    leaving,
    pending: knownToGuard.drains,
  });
  return {
    result: run(live, operationsOf(planned)).last,
    leaving,
    refusals,
    record: recordAfter(clock, desired, table, drains, () => true),
  };
}

const drainsRemovedServices = (forgetsPolicies: boolean) =>
  fc.property(situations, (situation) => {
    const { live, desired, counters } = situation;
    const policies = new Map(situation.policies);
    const before = forgetsPolicies ? NO_DRAINS : { ...NO_DRAINS, policies };
    const { result, leaving } = pass(situation, live, before, 1000);
    return [...live.services].every(([key, { service, destinations }]) => {
      if (desired.services.has(key)) return !leaving.has(key);
      const isForgetful = service.onePacket && key.startsWith('udp');
      const kept = [...destinations.values()].filter(({ key: name, weight }) => {
        const counted = counters.get(key)?.destinations.get(name) ?? NO_CONNECTIONS;
        return policies.has(key) && (sumOf(counted) > 0 || (weight > 0 && !isForgetful));
      });
      const left = result.services.get(key);
      if (kept.length === 0) return !left && !leaving.has(key);
      return (
        leaving.has(key) &&
        left?.destinations.size === kept.length &&
        kept.every(({ key: name }) => left.destinations.get(name)?.weight === 0)
      );
    });
  });

function sumOf({ active, inactive, persistent }: Connections): number {
  return active + inactive + persistent;
}

test('keeps a removed service, with its destinations at weight 0, until they have drained', async () => {
  await holds(drainsRemovedServices(false));
});

test('cuts the connections of a removed service when the record forgets how it drains', async () => {
  await isBrokenBy(drainsRemovedServices(true));
});

const countsOnce = (forgetsDrains: boolean) =>
  fc.property(situations, fc.nat(400), (situation, later) => {
    const { live, desired, policies } = situation;
    const first = pass(situation, live, { ...NO_DRAINS, policies: new Map(policies) }, 1000);
    const removed = [...live.services.keys()].filter((key) => !desired.services.has(key));
    const counted = first.refusals.find((refusal) => refusal.guard === 'max_service_deletes');
    const isEmptied = desired.services.size === 0;
    if (!isEmptied && new Set(counted?.services).size !== removed.length) return false;
    const known = forgetsDrains ? NO_DRAINS : first.record;
    return pass(situation, first.result, first.record, 1000 + later, known).refusals.length === 0;
  });

test('counts what drains in the plan that begins it, and not in the plans after it', async () => {
  await holds(countsOnce(false));
});

test('counts what drains again when the guard does not know the drains', async () => {
  await isBrokenBy(countsOnce(true));
});

test('deletes everything that was removed at the limit, and forgets how it drained', async () => {
  await holds(
    fc.property(situations, (situation) => {
      const { live, desired, policies } = situation;
      const first = pass(situation, live, { ...NO_DRAINS, policies: new Map(policies) }, 1000);
      const last = pass(situation, first.result, first.record, 1300);
      return (
        last.record.drains.size === 0 &&
        [...last.result.services.keys()].every((key) => desired.services.has(key)) &&
        [...last.record.policies.keys()].every((key) => desired.services.has(key))
      );
    }),
  );
});
