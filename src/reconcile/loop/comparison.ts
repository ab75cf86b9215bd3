import type { Desired } from '../../model/desired.ts';
import type { ServiceKey } from '../../model/service.ts';
import { isServed, type Table } from '../../model/table.ts';
import type { Change } from '../../plan/change.ts';
import { diff } from '../../plan/diff.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Report } from '../../plan/report.ts';
import { scope } from '../../plan/scope.ts';
import type { SysctlDifference } from '../../plan/sysctls.ts';
import type { Prepared } from '../prepare.ts';
import { type Leave, partOf, type TablePart } from './contest.ts';

/** How a live table differs from all that the files ask for, with the parts that are left alone. */
export interface Comparison {
  readonly changes: readonly Change[];
  /** Sysctls that the files check and do not enforce. */
  readonly sysctls: readonly SysctlDifference[];
  /** Services with usable destinations in the files and none in the kernel. */
  readonly unserved: readonly ServiceKey[];
}

/** Compares the table that a pass read with all that the files ask for. */
export function compareWhole(
  desired: Desired,
  { snapshot, records, sysctlDifferences, overrideClock, healthClock }: Prepared,
  now: number,
): Comparison {
  const { table } = scope(desired, snapshot, {
    drains: { ...records.drains, now },
    overrides: overrideClock,
    health: healthClock,
  });
  const changes = diff(snapshot.table, table);
  return {
    changes,
    sysctls: sysctlDifferences,
    unserved: unservedIn({ live: snapshot.table, desired: table, changes }),
  };
}

/** Returns the services that are served in the desired table and not in the live one. */
export function unservedIn({
  live,
  desired,
  changes,
}: Pick<Plan, 'live' | 'desired' | 'changes'>): ServiceKey[] {
  const touched = new Set(
    changes.flatMap((change) =>
      change.object === 'service' || change.object === 'destination' ? [change.service] : [],
    ),
  );
  return [...touched].filter((key) => {
    const before = live.services.get(key);
    const after = desired.services.get(key);
    return after !== undefined && isServed(after) && !(before && isServed(before));
  });
}

/**
 * Returns the differences that are left after a pass: those of the parts that it left alone, or all
 * when it wrote nothing. undefined when the pass left the table in an unknown state.
 */
export function differencesAfter(
  { outcome }: Pick<Report, 'outcome'>,
  whole: Comparison,
  leftAlone: ReadonlyMap<TablePart, Leave>,
): Comparison | undefined {
  if (outcome === 'partial' || outcome === 'unverified') return undefined;
  if (outcome !== 'applied' && outcome !== 'in-sync') return whole;
  return {
    changes: whole.changes.filter((change) => leftAlone.has(partOf(change))),
    sysctls: whole.sysctls,
    unserved: whole.unserved.filter((service) => leftAlone.has(service)),
  };
}

export function isEmpty({ changes, sysctls }: Comparison): boolean {
  return changes.length === 0 && sysctls.length === 0;
}

/**
 * Tells whether the kernel lost its whole table, by `ipvsadm -C` or a reloaded module. That is an
 * outage, and not a fight over a value.
 */
export function isTableLost(live: Table, desired: Desired): boolean {
  return live.services.size === 0 && desired.services.size > 0;
}
