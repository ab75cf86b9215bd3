import fc from 'fast-check';
import { test } from 'vitest';
import type { Operation } from '../../src/model/operation.ts';
import type { Table } from '../../src/model/table.ts';
import { plan } from '../../src/plan/plan.ts';
import type { OnError } from '../../src/reconcile/execute.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { operationsOf, run } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { EVERYTHING_ALLOWED, wants } from '../support/scenarios.ts';
import { tablePairs } from '../support/table-pairs.ts';

/**
 * The settings of every destination, in the services that all of the tables have.
 */
function destinationsOf(tables: readonly Table[]): Map<string, readonly (string | undefined)[]> {
  const found = new Map<string, readonly (string | undefined)[]>();
  const common = [...(tables[0]?.services.keys() ?? [])].filter((key) =>
    tables.every(({ services }) => services.has(key)),
  );
  for (const key of common) {
    const pools = tables.map(({ services }) => services.get(key)?.destinations ?? new Map());
    for (const name of new Set(pools.flatMap((pool) => [...pool.keys()]))) {
      found.set(
        `${key} ${name}`,
        pools.map((pool) => JSON.stringify(pool.get(name))),
      );
    }
  }
  return found;
}

const isDestinationOperation = ({ kind }: Operation): boolean => kind.endsWith('-destination');

/**
 * One operation is refused, and another program writes before the rollback reads. Holds when the
 * rollback changes only our own work.
 */
const rollsBackOnlyItsOwn = (onError: OnError) =>
  fc.asyncProperty(
    tablePairs({ mixedFamilies: false }),
    tablePairs({ mixedFamilies: false }),
    fc.nat(20),
    async ({ live, desired }, other, refused) => {
      const foreign = operationsOf(plan(other.live, other.desired)).filter(isDestinationOperation);
      let stopped: Table | undefined;
      let met: Table | undefined;
      const ipvs = openMisbehavingTable(live, {
        refuse: (_, index) => (index === refused ? 'ENOMEM' : undefined),
        beforeRead: (read) => {
          if (ipvs.waves.length === 0 || stopped || read === 0) return [];
          stopped = ipvs.table();
          met = run(stopped, foreign).last;
          return foreign;
        },
      });
      const { outcome, contested } = await reconcile(ipvs, wants(desired), {
        allowances: EVERYTHING_ALLOWED,
        onError,
      });
      if (!stopped || !met || outcome === 'applied' || outcome === 'unverified') return true;
      const clashes: string[] = [];
      const isRight = [...destinationsOf([live, stopped, met, ipvs.table()])].every(
        ([name, [was, ours, found, after]]) => {
          if (ours !== found && was !== ours && was !== found) clashes.push(name);
          return after === (ours === found ? was : found);
        },
      );
      return isRight && clashes.every((name) => contested.includes(name));
    },
  );

test('rolls back only objects that no other program has written to since', async () => {
  await holds(rollsBackOnlyItsOwn('rollback'), 150);
});

test('would leave our own work behind if the run only stopped', async () => {
  await isBrokenBy(rollsBackOnlyItsOwn('stop'));
});
