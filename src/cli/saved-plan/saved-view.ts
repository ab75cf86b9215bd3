import type { DestinationKey } from '../../model/destination.ts';
import { type DrainKey, drainKey } from '../../model/drain.ts';
import { type Counters, type DestinationCounters, NO_CONNECTIONS } from '../../model/ipvs.ts';
import type { Position } from '../../model/issue.ts';
import type { ServiceKey } from '../../model/service.ts';
import { KERNEL_TIMEOUTS } from '../../model/settings.ts';
import { isCount, isObject, isText } from '../../model/shape.ts';
import type { Table } from '../../model/table.ts';
import type { Change } from '../../plan/change.ts';
import type { OverrideNote } from '../../plan/overrides/overrides.ts';
import type { ChangesContext } from '../../render/changes.ts';
import type { PlanView } from '../../render/plan-text.ts';
import { isPosition, type SavedOverride, type SavedPlan } from './plan-document.ts';
import { parseSavedTable, planAgain } from './resume-plan.ts';
import { damagedPlan, liveDigests } from './saved-plan.ts';

/** A saved plan, as `plan` printed it. */
interface SavedView {
  readonly view: PlanView;
  readonly context: ChangesContext;
}

/** Makes the view of a saved plan from the file alone. Throws `CONFIG` for a damaged one. */
export function savedView(document: SavedPlan, path: string): SavedView {
  const { before } = document.saved;
  if (!before)
    throw damagedPlan(path, 'it was saved by an earlier version, which did not keep enough of it');
  const live = liveTable(document, path);
  const desired = parseSavedTable(document.saved.desired, path);
  const plan = planAgain(document, path, live, desired);
  const unmanageable = before.unmanageable.map(({ service, destination, reason }) => ({
    service,
    destination,
    reason,
  }));
  const counters = countersOf(plan.changes, document.changes);
  return {
    view: {
      plan,
      refusals: [],
      snapshot: { table: live, counters, unmanageable },
    },
    context: {
      counters,
      ...placesOf(plan.changes, document.changes),
      drains: byDestination(document.drains),
      overrides: byDestination(document.overrides.map(noteOf(document.saved.created))),
      locateLive: (service, destination) =>
        before.places[destination === undefined ? service : drainKey(service, destination)],
      foreign: new Set(before.foreign),
      sysctlDifferences: document.sysctl_differences.map(({ live: found, ...rest }) => ({
        ...rest,
        live: found ?? undefined,
      })),
      warnings: document.warnings,
    },
  };
}

/** The live table of a plan: what the plan touches, and what it leaves as it is. */
function liveTable({ saved }: SavedPlan, path: string): Table {
  const before = parseSavedTable(saved.before?.table ?? {}, path);
  const desired = parseSavedTable(saved.desired, path);
  const services = new Map(
    (Object.keys(saved.live.services) as ServiceKey[]).flatMap((key) => {
      const entry = before.services.get(key) ?? desired.services.get(key);
      return entry ? [[key, entry] as const] : [];
    }),
  );
  const table: Table = {
    services,
    timeouts: { ...KERNEL_TIMEOUTS, ...before.timeouts },
    daemons: before.daemons ?? [],
    ...(saved.live.sysctls && { sysctls: new Map(Object.entries(saved.live.sysctls)) }),
  };
  if (JSON.stringify(liveDigests(table).services) !== JSON.stringify(saved.live.services))
    throw damagedPlan(path, 'its live table is not the one that its digests are of');
  return table;
}

function byDestination<
  T extends { readonly service: ServiceKey; readonly destination: DestinationKey },
>(items: readonly T[]): ReadonlyMap<DrainKey, T> {
  return new Map(items.map((item) => [drainKey(item.service, item.destination), item]));
}

/** Returns a function that makes the note of a stored override. */
function noteOf(created: string): (stored: SavedOverride) => OverrideNote {
  return ({ service, destination, weight, until, by, reason, since, ...stored }) => ({
    service,
    destination,
    weight,
    ownWeight: stored.own_weight,
    isPreserved: stored.own_weight_from === 'table',
    override: {
      service,
      destination,
      weight: stored.final_weight,
      ...(stored.owner !== null && { owner: stored.owner }),
      by,
      reason,
      since,
    },
    until: until === null ? undefined : new Date(until),
    asOf: new Date(created),
  });
}

type SavedChanges = SavedPlan['changes'];

/** The names of services, and the place that each change comes from. */
function placesOf(
  changes: readonly Change[],
  saved: SavedChanges,
): Pick<ChangesContext, 'names' | 'locate'> {
  const names = new Map<ServiceKey, string>();
  const places = new Map<Change, Position>();
  for (const [index, change] of changes.entries()) {
    const { name, position } = saved[index] ?? {};
    if ('service' in change && isText(name)) names.set(change.service, name);
    if (isPosition(position)) places.set(change, position);
  }
  return { names, locate: (change) => places.get(change) };
}

/**
 * The connections that changes cut or drain. A plan keeps their sum for each change: those of a
 * deleted service are all counted for its first destination.
 */
function countersOf(changes: readonly Change[], saved: SavedChanges): Counters {
  const counters = new Map<ServiceKey, Map<DestinationKey, DestinationCounters>>();
  for (const [index, change] of changes.entries()) {
    const impact = saved[index]?.impact;
    const active = isObject(impact) && isCount(impact.connections) ? impact.connections : 0;
    if (active === 0) continue;
    const destination = destinationOf(change);
    if (!destination || !('service' in change)) continue;
    const known = counters.get(change.service) ?? new Map();
    known.set(destination, { ...NO_CONNECTIONS, active, stats: undefined });
    counters.set(change.service, known);
  }
  return new Map(
    [...counters].map(([key, destinations]) => [key, { stats: undefined, destinations }]),
  );
}

function destinationOf(change: Change): DestinationKey | undefined {
  if (change.object === 'destination') return change.destination;
  return change.object === 'service' ? change.before?.destinations.keys().next().value : undefined;
}
