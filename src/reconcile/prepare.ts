import { IpvstateError } from '../errors.ts';
import type { Desired } from '../model/desired.ts';
import type { Ipvs, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import { diff } from '../plan/diff.ts';
import { type Allowances, guard, type Refusal } from '../plan/guard.ts';
import { type Plan, plan } from '../plan/plan.ts';
import { type Selector, scope } from '../plan/scope.ts';

export interface PrepareOptions {
  readonly allowances?: Allowances;
  /** Restricts the plan to the services it selects, given the live table; everything else is left alone. */
  readonly only?: (live: Table) => Selector | undefined;
}

export interface Prepared {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** Guards that tripped: the plan must not be executed. */
  readonly refusals: readonly Refusal[];
}

/** Reads, one after another, that must agree before anything is deleted. */
const MAX_READS = 3;

/**
 * Reads the live table and plans. A kernel dump is no consistent picture: what another writer does meanwhile can hide entries from it,
 * so whatever the plan would delete, or take something from, is read a second time and must be the same. Throws `UNSTABLE`.
 */
export async function prepare(ipvs: Ipvs, desired: Desired, options: PrepareOptions = {}): Promise<Prepared> {
  for (let reads = 1; reads <= MAX_READS; reads++) {
    const snapshot = await ipvs.read();
    const planned = plan(snapshot.table, scope(desired, snapshot, options.only?.(snapshot.table)));
    if (await isConfirmed(ipvs, snapshot, planned)) {
      return { snapshot, plan: planned, refusals: guard(planned, desired.limits, options.allowances) };
    }
  }
  throw new IpvstateError('UNSTABLE', `the live table changed during each of ${MAX_READS} reads`, {
    hint: 'Another program writes to it. Nothing was changed; run again when it is done.',
  });
}

async function isConfirmed(ipvs: Ipvs, { table }: Snapshot, { changes }: Plan): Promise<boolean> {
  const doomed = new Set<ServiceKey>();
  for (const change of changes) {
    if (!change.after && (change.object === 'service' || change.object === 'destination')) doomed.add(change.service);
  }
  if (doomed.size === 0) return true;
  const again = await ipvs.read({ services: doomed });
  const services = new Map([...table.services].filter(([key]) => doomed.has(key)));
  return diff({ ...table, services }, again.table).length === 0;
}
