import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Operation } from '../../src/model/operation.ts';
import { plan } from '../../src/plan/plan.ts';
import { type ReconcileOptions, reconcile } from '../../src/reconcile/reconcile.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { isSameTable, operationsOf } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { DAEMONS, EVERY_WAVE, EVERYTHING_ALLOWED, wants } from '../support/scenarios.ts';
import { tablePairs } from '../support/table-pairs.ts';

test.each([
  ['every wave', EVERY_WAVE],
  ['daemons', DAEMONS],
])(
  'reaches the desired table wherever the answers are lost once: %s',
  async (_, { live, desired }) => {
    for (const [wave, { steps }] of plan(live, desired).waves.entries()) {
      for (let kept = 0; kept <= steps.length; kept++) {
        const ipvs = openMisbehavingTable(live, {
          lose: (number) => (number === wave ? kept : undefined),
        });
        const report = await reconcile(ipvs, wants(desired), { allowances: EVERYTHING_ALLOWED });
        expect(report, `wave ${wave}, ${kept} executed`).toMatchObject({
          outcome: 'applied',
          passes: 2,
          differences: [],
          error: undefined,
        });
      }
    }
  },
);

test('rolls back and names the loss when answers are lost in every pass', async () => {
  const ipvs = openMisbehavingTable(EVERY_WAVE.live, {
    lose: (wave, { length }) => (wave < 3 ? Math.ceil(length / 2) : undefined),
  });
  const report = await reconcile(ipvs, wants(EVERY_WAVE.desired), {
    allowances: EVERYTHING_ALLOWED,
  });
  expect(report).toMatchObject({
    outcome: 'rolled-back',
    passes: 3,
    error: { code: 'LOST' },
    contested: [],
    differences: [],
  });
  expect(isSameTable(ipvs.table(), EVERY_WAVE.live)).toBe(true);
});

/**
 * Loses answers twice, at random places. Holds when the desired table is reached all the same.
 */
const survivesLosses = (options: ReconcileOptions, losses: number) =>
  fc.asyncProperty(
    tablePairs(),
    fc.array(fc.tuple(fc.nat(5), fc.nat(20)), { minLength: losses, maxLength: losses }),
    async (pair, places) => {
      const { live, desired } = pair;
      const ipvs = openMisbehavingTable(live, {
        lose: (wave, { length }) => {
          const place = places.find(([at]) => at === wave);
          return place && place[1] % (length + 1);
        },
      });
      const { outcome } = await reconcile(ipvs, wants(desired), {
        allowances: EVERYTHING_ALLOWED,
        ...options,
      });
      return (outcome === 'applied' || outcome === 'in-sync') && isSameTable(ipvs.table(), desired);
    },
  );

test('reaches the desired table with any plan when answers are lost twice', async () => {
  await holds(survivesLosses({}, 2), 100);
});

test('would not reach it if every loss ended the run', async () => {
  await isBrokenBy(survivesLosses({}, 4));
});

/**
 * Another program executes random operations before the first wave. Holds when the run reaches the
 * desired table or reports that it did not.
 */
const tellsTheTruth = (isLying: boolean) =>
  fc.asyncProperty(
    tablePairs(),
    tablePairs(),
    fc.nat(3),
    async ({ live, desired }, other, moment) => {
      const foreign: readonly Operation[] = operationsOf(plan(other.live, other.desired));
      const ipvs = openMisbehavingTable(live, {
        beforeWave: (wave) => (wave === moment ? foreign : []),
      });
      const report = await reconcile(ipvs, wants(desired), { allowances: EVERYTHING_ALLOWED });
      if (report.outcome === 'in-sync') return isSameTable(live, desired);
      const touched = new Set(
        report.plan.changes.flatMap((change) => ('service' in change ? [change.service] : [])),
      );
      const pick = (table: typeof live) => ({
        ...table,
        services: new Map([...table.services].filter(([key]) => isLying || touched.has(key))),
      });
      return (
        report.outcome !== 'applied' ||
        report.passes > 1 ||
        isSameTable(pick(ipvs.table()), pick(desired))
      );
    },
  );

test('reports `applied` only when the desired table was reached, whatever others wrote', async () => {
  await holds(tellsTheTruth(false), 100);
});

test('reports nothing about services that its plan does not touch', async () => {
  await isBrokenBy(tellsTheTruth(true));
});
