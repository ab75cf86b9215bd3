import type { HealthNote } from '../health/effect.ts';
import type { Limit, Limits } from '../model/desired.ts';
import type { DestinationKey } from '../model/destination.ts';
import { type DrainKey, drainedService, drainKey, type PendingDrain } from '../model/drain.ts';
import type { ServiceKey } from '../model/service.ts';
import { isServed } from '../model/table.ts';
import type { Change } from './change.ts';
import type { Plan } from './plan.ts';

export type GuardName =
  | 'max_service_deletes'
  | 'max_destination_deletes'
  | 'unserved'
  | 'empty'
  | 'protect';

/** The refusals that the operator accepts for one run. */
export interface Allowances extends Limits {
  readonly unserved?: boolean;
  readonly empty?: boolean;
  readonly protected?: boolean;
}

/** The facts that the guards need beside the plan. */
interface GuardContext {
  readonly limits: Limits;
  /** Limits of the command line. They win over those of the file. */
  readonly allowances?: Allowances;
  /** Live services that the files are not responsible for. Shares are counted without them. */
  readonly foreign?: ReadonlySet<ServiceKey>;
  /** Services that no plan deletes. */
  readonly protectedServices?: ReadonlySet<ServiceKey>;
  /** The drains after the plan. What begins to drain counts as deleted. */
  readonly drains?: readonly (PendingDrain & DrainedDestination)[];
  /** The drains before the plan. What they are about was counted by the plan that began them. */
  readonly pending?: ReadonlyMap<DrainKey, PendingDrain>;
  /** Destinations that health treats. It has a limit of its own for those that it removes. */
  readonly health?: readonly HealthNote[];
  /** Services that were removed, and drain. */
  readonly leaving?: ReadonlySet<ServiceKey>;
  /** Services that an override may leave without a usable destination: it was accepted before. */
  readonly accepted?: ReadonlySet<ServiceKey>;
  /** The plan as if all ramps to 0 were at their ends. undefined: there are none. */
  readonly afterFalls?: Plan | undefined;
}

interface DrainedDestination {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
}

/** A refusal of a plan by a guard. Nothing of the plan may be executed. */
export interface Refusal {
  readonly guard: GuardName;
  /** One sentence with the numbers. */
  readonly message: string;
  /** The flag of the command line that accepts it once. */
  readonly flag: string;
  /** The services that it concerns; empty when it concerns the whole table. */
  readonly services: readonly ServiceKey[];
}

/**
 * A typing mistake rarely deletes more than this share in percent; a mistake in a template usually
 * does.
 */
const DEFAULT_SHARE = 30;

const NONE: ReadonlySet<ServiceKey> = new Set();

/**
 * Checks a finished plan. What drains before it is deleted counts in the plan that begins the
 * drain, and not again in the plan that deletes it.
 */
export function guard(plan: Plan, context: GuardContext): Refusal[] {
  const { limits, allowances = {}, foreign = NONE, protectedServices = NONE } = context;
  const { leaving = NONE, accepted = NONE, afterFalls } = context;
  const exempt = new Set([...leaving, ...accepted]);
  const unserved = guardUnserved(plan, exempt, allowances);
  const isEmptied = [...plan.desired.services.keys()].every(
    (key) => foreign.has(key) || leaving.has(key),
  );
  const decided = decidedServices(context);
  const managed = [...plan.live.services.keys()].filter(
    (key) => !foreign.has(key) && !(decided.has(key) && isRemoved(key, plan, leaving)),
  ).length;
  const removed = [...deletedServices(plan.changes), ...leaving].filter((key) => !decided.has(key));
  return [
    ...(isEmptied
      ? guardEmpty(managed, allowances)
      : guardServiceDeletes(
          removed,
          managed,
          allowances.maxServiceDeletes ?? limits.maxServiceDeletes,
        )),
    ...guardDestinationDeletes(
      plan,
      context,
      allowances.maxDestinationDeletes ?? limits.maxDestinationDeletes ?? { kind: 'off' },
    ),
    ...unserved,
    ...(afterFalls && unserved.length === 0
      ? guardUnserved(afterFalls, exempt, allowances, ' at the end of a ramp')
      : []),
    ...guardProtected(removed, protectedServices, allowances),
  ];
}

/** The services that an earlier plan began to remove. */
function decidedServices({ pending = new Map() }: GuardContext): ReadonlySet<ServiceKey> {
  const services = new Set<ServiceKey>();
  for (const [key, drain] of pending) if (drain.leaving) services.add(drainedService(key));
  return services;
}

function isRemoved(key: ServiceKey, { desired }: Plan, leaving: ReadonlySet<ServiceKey>): boolean {
  return leaving.has(key) || !desired.services.has(key);
}

/** An empty table has a guard and a flag of its own: one flag should be enough for it. */
function guardEmpty(managed: number, { empty }: Allowances): Refusal[] {
  if (empty || managed === 0) return [];
  const message = `the plan leaves no service at all; the live table has ${managed}`;
  return [{ guard: 'empty', message, flag: '--allow-empty', services: [] }];
}

function guardServiceDeletes(
  services: readonly ServiceKey[],
  managed: number,
  limit: Limit | undefined,
): Refusal[] {
  const allowed = limit
    ? resolveLimit(limit, managed)
    : Math.max(1, resolveLimit({ kind: 'percent', value: DEFAULT_SHARE }, managed));
  if (services.length <= allowed) return [];
  const message = `the plan deletes ${services.length} of ${managed} services; ${allows(allowed)}`;
  return [
    {
      guard: 'max_service_deletes',
      message,
      flag: `--max-service-deletes ${services.length}`,
      services,
    },
  ];
}

function guardDestinationDeletes(
  { live, changes }: Plan,
  { foreign = NONE, pending = new Map(), drains = [], health = [] }: GuardContext,
  limit: Limit,
): Refusal[] {
  if (limit.kind === 'off') return [];
  const isPending = (service: ServiceKey, destination: DestinationKey): boolean =>
    pending.has(drainKey(service, destination));
  let total = 0;
  for (const [service, { destinations }] of live.services) {
    if (foreign.has(service)) continue;
    for (const key of destinations.keys()) if (!isPending(service, key)) total++;
  }
  const services = new Set<ServiceKey>();
  let deleted = 0;
  const removed = new Set(
    health.flatMap(({ service, destination, effect }) =>
      effect === 'removed' ? drainKey(service, destination) : [],
    ),
  );
  const count = (service: ServiceKey, destination: DestinationKey): void => {
    if (isPending(service, destination)) return;
    services.add(service);
    deleted++;
  };
  for (const { service, destination } of drains) count(service, destination);
  for (const change of changes) {
    if (change.after) continue;
    if (
      change.object === 'destination' &&
      !removed.has(drainKey(change.service, change.destination))
    )
      count(change.service, change.destination);
    if (change.object === 'service')
      for (const key of change.before?.destinations.keys() ?? []) count(change.service, key);
  }
  const allowed = resolveLimit(limit, total);
  if (deleted <= allowed) return [];
  const message = `the plan deletes ${deleted} of ${total} destinations; ${allows(allowed)}`;
  return [
    {
      guard: 'max_destination_deletes',
      message,
      flag: `--max-destination-deletes ${deleted}`,
      services: [...services],
    },
  ];
}

/** Refuses a plan that takes the last usable destination from a service that keeps its clients. */
export function guardUnserved(
  { live, desired, changes }: Plan,
  exempt: ReadonlySet<ServiceKey>,
  { unserved }: Allowances,
  time = '',
): Refusal[] {
  if (unserved) return [];
  const touched = new Set(
    changes.flatMap((change) =>
      change.object === 'service' || change.object === 'destination' ? [change.service] : [],
    ),
  );
  const services = [...touched].filter((key) => {
    if (exempt.has(key)) return false;
    const before = live.services.get(key);
    const after = desired.services.get(key);
    return before && after && isServed(before) && !isServed(after);
  });
  if (services.length === 0) return [];
  const subject = `${services.length} served service${services.length === 1 ? '' : 's'}`;
  const message = `the plan leaves ${subject} without a usable destination${time}`;
  return [{ guard: 'unserved', message, flag: '--allow-unserved', services }];
}

function guardProtected(
  removed: readonly ServiceKey[],
  protectedServices: ReadonlySet<ServiceKey>,
  allowances: Allowances,
): Refusal[] {
  const services = removed.filter((key) => protectedServices.has(key));
  if (allowances.protected || services.length === 0) return [];
  const subject = `${services.length} protected service${services.length === 1 ? '' : 's'}`;
  const message = `the plan deletes ${subject}`;
  return [{ guard: 'protect', message, flag: '--allow-protected', services }];
}

function deletedServices(changes: readonly Change[]): ServiceKey[] {
  return changes.flatMap((change) =>
    change.object === 'service' && !change.after ? [change.service] : [],
  );
}

/**
 * Returns the number of objects that a limit allows. A percentage is rounded down: 30 % of 3
 * services is none.
 */
function resolveLimit(limit: Limit, total: number): number {
  if (limit.kind === 'off') return Number.POSITIVE_INFINITY;
  return limit.kind === 'count' ? limit.value : Math.floor((limit.value * total) / 100);
}

function allows(count: number): string {
  return `${count} ${count === 1 ? 'is' : 'are'} allowed`;
}
