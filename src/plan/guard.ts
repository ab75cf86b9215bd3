import type { Limit, Limits } from '../model/desired.ts';
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

/** What the guards need beside the plan. */
interface GuardContext {
  readonly limits: Limits;
  /** Limits of the command line. They win over those of the file. */
  readonly allowances?: Allowances;
  /** Live services that the files are not responsible for. Shares are counted without them. */
  readonly foreign?: ReadonlySet<ServiceKey>;
  /** Services that no plan deletes. */
  readonly protectedServices?: ReadonlySet<ServiceKey>;
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

/** Checks a finished plan, and returns the refusals. */
export function guard(
  plan: Plan,
  { limits, allowances = {}, foreign = NONE, protectedServices = NONE }: GuardContext,
): Refusal[] {
  const isEmptied = [...plan.desired.services.keys()].every((key) => foreign.has(key));
  const managed = plan.live.services.size - foreign.size;
  return [
    ...(isEmptied
      ? guardEmpty(managed, allowances)
      : guardServiceDeletes(
          plan,
          managed,
          allowances.maxServiceDeletes ?? limits.maxServiceDeletes,
        )),
    ...guardDestinationDeletes(
      plan,
      foreign,
      allowances.maxDestinationDeletes ?? limits.maxDestinationDeletes ?? { kind: 'off' },
    ),
    ...guardUnserved(plan, allowances),
    ...guardProtected(plan, protectedServices, allowances),
  ];
}

/** Guards against an empty table with a flag of its own, so that one flag is enough. */
function guardEmpty(managed: number, { empty }: Allowances): Refusal[] {
  if (empty || managed === 0) return [];
  const message = `the plan leaves no service at all; the live table has ${managed}`;
  return [{ guard: 'empty', message, flag: '--allow-empty', services: [] }];
}

function guardServiceDeletes(
  { changes }: Plan,
  managed: number,
  limit: Limit | undefined,
): Refusal[] {
  const services = deletedServices(changes);
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
  foreign: ReadonlySet<ServiceKey>,
  limit: Limit,
): Refusal[] {
  if (limit.kind === 'off') return [];
  let total = 0;
  for (const [key, { destinations }] of live.services)
    if (!foreign.has(key)) total += destinations.size;
  const services = new Set<ServiceKey>();
  let deleted = 0;
  for (const change of changes) {
    const count = change.after
      ? 0
      : change.object === 'destination'
        ? 1
        : change.object === 'service'
          ? (change.before?.destinations.size ?? 0)
          : 0;
    if (count > 0 && (change.object === 'destination' || change.object === 'service'))
      services.add(change.service);
    deleted += count;
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

function guardUnserved({ live, desired, changes }: Plan, { unserved }: Allowances): Refusal[] {
  if (unserved) return [];
  const touched = new Set(
    changes.flatMap((change) =>
      change.object === 'service' || change.object === 'destination' ? [change.service] : [],
    ),
  );
  const services = [...touched].filter((key) => {
    const before = live.services.get(key);
    const after = desired.services.get(key);
    return before && after && isServed(before) && !isServed(after);
  });
  if (services.length === 0) return [];
  const subject = `${services.length} served service${services.length === 1 ? '' : 's'}`;
  const message = `the plan leaves ${subject} without a usable destination`;
  return [{ guard: 'unserved', message, flag: '--allow-unserved', services }];
}

function guardProtected(
  { changes }: Plan,
  protectedServices: ReadonlySet<ServiceKey>,
  allowances: Allowances,
): Refusal[] {
  const services = deletedServices(changes).filter((key) => protectedServices.has(key));
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
