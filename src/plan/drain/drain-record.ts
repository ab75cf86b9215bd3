import type { Desired } from '../../model/desired.ts';
import {
  type DrainKey,
  type DrainPolicy,
  type DrainRecord,
  drainedService,
  drainKey,
  type PendingDrain,
  parseDrainKey,
} from '../../model/drain.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Table } from '../../model/table.ts';
import type { Drain } from './drain.ts';

/**
 * Returns the record for a table that a plan of the files leads to. `drains` are those of the
 * services that the plan may touch.
 */
export function recordAfter(
  before: DrainRecord,
  { policy }: Desired,
  table: Table,
  drains: readonly Drain[],
  isTouched: (service: ServiceKey) => boolean,
): DrainRecord {
  const policies = new Map<ServiceKey, DrainPolicy>();
  for (const [key, own] of before.policies)
    if (table.services.has(key) && !isTouched(key)) policies.set(key, own);
  for (const { service } of drains) {
    const own = before.policies.get(service);
    if (own) policies.set(service, own);
  }
  for (const [key, { drain }] of policy?.services ?? [])
    if (drain && isTouched(key)) policies.set(key, drain);
  const pending = new Map<DrainKey, PendingDrain>();
  for (const [key, known] of before.drains)
    if (isDraining(table, key) && !isTouched(drainedService(key))) pending.set(key, known);
  for (const drain of drains)
    pending.set(drainKey(drain.service, drain.destination), pendingOf(drain));
  return { drains: pending, policies };
}

/**
 * Returns the record for a table that a saved plan, or a rollback, leads to. It has no files: the
 * drains of before go on where the destination stays at weight 0, and those that the plan begins
 * are added. `policies` are those of the plan; undefined: as before.
 */
export function recordAfterPlan(
  before: DrainRecord,
  table: Table,
  begun: readonly Drain[],
  policies: DrainRecord['policies'] = before.policies,
): DrainRecord {
  const pending = new Map<DrainKey, PendingDrain>();
  for (const drain of begun)
    pending.set(drainKey(drain.service, drain.destination), pendingOf(drain));
  for (const [key, known] of before.drains) {
    if (!isDraining(table, key)) continue;
    const leaving = known.leaving || pending.get(key)?.leaving;
    pending.set(key, { ...known, ...(leaving && { leaving }) });
  }
  const kept = [...policies].filter(([key]) => table.services.has(key));
  return { drains: pending, policies: new Map(kept) };
}

/**
 * Both records, for the time between the first operation of a plan and its end: a crash must not
 * make a drain begin anew.
 */
export function mergedRecords(before: DrainRecord, after: DrainRecord): DrainRecord {
  return {
    drains: new Map([...before.drains, ...after.drains]),
    policies: new Map([...before.policies, ...after.policies]),
  };
}

export function sameRecord(a: DrainRecord, b: DrainRecord): boolean {
  return (
    sameEntries(a.drains, b.drains, (one, other) =>
      DRAIN_FIELDS.every((field) => one[field] === other[field]),
    ) &&
    sameEntries(
      a.policies,
      b.policies,
      (one, other) =>
        one.timeoutSeconds === other.timeoutSeconds && one.lingerSeconds === other.lingerSeconds,
    )
  );
}

const DRAIN_FIELDS = [
  'deadlineSeconds',
  'weight',
  'quietSinceSeconds',
  'leaving',
] as const satisfies readonly (keyof PendingDrain)[];

function sameEntries<K, V>(
  a: ReadonlyMap<K, V>,
  b: ReadonlyMap<K, V>,
  isSame: (one: V, other: V) => boolean,
): boolean {
  if (a.size !== b.size) return false;
  for (const [key, one] of a) {
    const other = b.get(key);
    if (other === undefined || !isSame(one, other)) return false;
  }
  return true;
}

/**
 * Tells whether a drain goes on. A plan that sets another weight or deletes the destination ends
 * the drain.
 */
function isDraining({ services }: Table, key: DrainKey): boolean {
  const { service, destination } = parseDrainKey(key);
  return services.get(service)?.destinations.get(destination)?.weight === 0;
}

function pendingOf({
  deadlineSeconds,
  weight,
  quietSinceSeconds,
  leaving,
}: PendingDrain): PendingDrain {
  return {
    deadlineSeconds,
    weight,
    ...(quietSinceSeconds !== undefined && { quietSinceSeconds }),
    ...(leaving && { leaving }),
  };
}
