import fc from 'fast-check';
import { test } from 'vitest';
import type { Table } from '../../src/model/table.ts';
import { plan } from '../../src/plan/plan.ts';
import { rolledBackTable } from '../../src/reconcile/roll-back.ts';
import type { StoredPass } from '../../src/recovery/records/records.ts';
import { loadPass, storePass } from '../../src/recovery/records/stored-pass.ts';
import { isSameTable, operationsOf, run } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs } from '../support/table-pairs.ts';

type Store = typeof storePass;

const onDisk = (stored: StoredPass): StoredPass => JSON.parse(JSON.stringify(stored)) as StoredPass;

/**
 * Holds when a stored pass leads back, wherever the process was killed. A run that cannot write its
 * record is rolled back from what it has in memory.
 */
const leadsBack = (store: Store) =>
  fc.property(tablePairs(), fc.boolean(), ({ live: before, desired: after }, isWritten) => {
    const planned = plan(before, after);
    const inMemory = store({ before, after, changes: planned.changes });
    const stored = isWritten ? onDisk(inMemory) : inMemory;
    return run(before, operationsOf(planned)).tables.every((table: Table) => {
      const { table: target, contested } = rolledBackTable([loadPass(stored, table)], table);
      return isSameTable(target, before) && contested.length === 0;
    });
  });

test('a stored pass leads back from every table on the way, and nothing is contested', () =>
  holds(leadsBack(storePass), 150));

test('a stored pass without the timeouts would not lead back', () => {
  const forgets: Store = ({ before, after }) =>
    storePass({ before, after: { ...after, timeouts: before.timeouts } });
  return isBrokenBy(leadsBack(forgets));
});

test('a stored pass without the deleted services would not lead back', () => {
  const forgets: Store = ({ before, after }) =>
    storePass({
      before: {
        ...before,
        services: new Map([...before.services].filter(([key]) => after.services.has(key))),
      },
      after,
    });
  return isBrokenBy(leadsBack(forgets));
});
