import type { Desired } from '../../model/desired.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Table } from '../../model/table.ts';
import type { Change } from '../../plan/change.ts';
import { diff } from '../../plan/diff.ts';

/** The part of a table that is left alone while one object of it is contested. */
export type TablePart = ServiceKey | SettingsPart;

type SettingsPart = 'timeouts' | 'daemons' | 'sysctls';

/**
 * How a part is left alone. `as-is`: it stays as it is while it exists. `absent`: it is not added
 * again.
 */
export type Leave = 'as-is' | 'absent';

/** An object that the loop corrects and another program changes back, again and again. */
export interface Contested {
  /**
   * Such as `tcp://192.0.2.1:80 10.0.0.1:80`, `tcp://192.0.2.1:80 settings`, `timeouts` or `master
   * sync daemon`.
   */
  readonly name: string;
  readonly part: TablePart;
  readonly leave: Leave;
  /** How many times it was changed back. */
  readonly reversals: number;
  /** When it became contested, and until when it is left alone, on the loop's clock. */
  readonly since: number;
  readonly retryAt: number;
  /** How long it is left alone this time, in milliseconds. */
  readonly delay: number;
}

export interface ContestState {
  /** When each object was changed back, oldest first. */
  readonly reversals: ReadonlyMap<string, readonly number[]>;
  readonly contested: ReadonlyMap<string, Contested>;
}

export interface ContestRules {
  /** So many reversals within `window` milliseconds make an object contested. */
  readonly reversals: number;
  readonly window: number;
  /**
   * How long an object is left alone at first, in milliseconds. Each further reversal doubles it,
   * up to `most`.
   */
  readonly first: number;
  readonly most: number;
}

export const CONTEST_RULES: ContestRules = {
  reversals: 3,
  window: 300_000,
  first: 60_000,
  most: 900_000,
};

export const UNCONTESTED: ContestState = { reversals: new Map(), contested: new Map() };

/** An object that another program changed back. */
export type Reversal = Pick<Contested, 'name' | 'part' | 'leave'>;

/**
 * Returns those of the changes that are needed because another program changed the table that the
 * loop left as `expected`. When that program deleted a service, the destinations that come back
 * with the service are among them.
 */
export function foreignChanges(
  changes: readonly Change[],
  expected: Table,
  live: Table,
): readonly Change[] {
  const foreign = new Set(diff(expected, live).map((change) => reversalOf(change).name));
  return changes.filter(
    (change) =>
      foreign.has(reversalOf(change).name) ||
      (change.object === 'destination' && foreign.has(change.service)),
  );
}

/**
 * Returns the reversals of foreign changes. A destination that comes back with its deleted service
 * is part of the reversal of the service.
 */
export function reversalsOf(foreign: readonly Change[]): readonly Reversal[] {
  const added = new Set(
    foreign.flatMap((change) =>
      change.object === 'service' && !change.before ? [change.service] : [],
    ),
  );
  return foreign
    .filter((change) => change.object !== 'destination' || !added.has(change.service))
    .map(reversalOf);
}

/** Returns the part of the table that is left alone while the object of a change is contested. */
export function partOf(change: Change): TablePart {
  return reversalOf(change).part;
}

function reversalOf(change: Change): Reversal {
  switch (change.object) {
    case 'service':
      return {
        // A program that changes the settings of a service does not ask for the service to be left
        // absent.
        name: change.before && change.after ? `${change.service} settings` : change.service,
        part: change.service,
        leave: change.before ? 'as-is' : 'absent',
      };
    case 'destination':
      return {
        name: `${change.service} ${change.destination}`,
        part: change.service,
        leave: 'as-is',
      };
    case 'sysctl':
      return { name: `sysctl ${change.name}`, part: 'sysctls', leave: 'as-is' };
    case 'timeouts':
      return { name: 'timeouts', part: 'timeouts', leave: 'as-is' };
    case 'daemon':
      return { name: `${change.role} sync daemon`, part: 'daemons', leave: 'as-is' };
    default:
      return change satisfies never;
  }
}

/** Counts reversals. For an object that was contested before, one more is enough. */
export function countReversals(
  state: ContestState,
  reversed: readonly Reversal[],
  now: number,
  rules: ContestRules,
): ContestState {
  const reversals = new Map(state.reversals);
  const contested = new Map(state.contested);
  for (const { name, part, leave } of reversed) {
    const times = [...(reversals.get(name) ?? []).filter((time) => time > now - rules.window), now];
    reversals.set(name, times);
    const before = contested.get(name);
    if (!before && times.length < rules.reversals) continue;
    const delay = before ? Math.min(rules.most, before.delay * 2) : rules.first;
    contested.set(name, {
      name,
      part,
      leave,
      reversals: (before?.reversals ?? times.length - 1) + 1,
      since: before?.since ?? now,
      retryAt: now + delay,
      delay,
    });
  }
  return { reversals, contested };
}

/**
 * Forgets old reversals. An object that stays as desired for a window after its retry is no longer
 * contested.
 */
export function forget(state: ContestState, now: number, { window }: ContestRules): ContestState {
  const reversals = [...state.reversals].filter(([, times]) =>
    times.some((time) => time > now - window),
  );
  const contested = [...state.contested].filter(([, { retryAt }]) => retryAt + window > now);
  if (reversals.length === state.reversals.size && contested.length === state.contested.size)
    return state;
  return { reversals: new Map(reversals), contested: new Map(contested) };
}

/**
 * Ends the wait of contested objects in these parts, or in all. They stay contested: one more
 * reversal doubles their next wait.
 */
export function retryAtOnce(
  { reversals, contested }: ContestState,
  now: number,
  parts?: readonly TablePart[],
): ContestState {
  const retried = [...contested].map(([name, object]) => {
    const isRetried = object.retryAt > now && (!parts || parts.includes(object.part));
    return [name, isRetried ? { ...object, retryAt: now } : object] as const;
  });
  return { reversals, contested: new Map(retried) };
}

/** Returns the parts that are left alone at `now`. */
export function partsLeftAlone(
  { contested }: ContestState,
  now: number,
): ReadonlyMap<TablePart, Leave> {
  const parts = new Map<TablePart, Leave>();
  for (const { part, leave, retryAt } of contested.values()) {
    if (retryAt > now && parts.get(part) !== 'absent') parts.set(part, leave);
  }
  return parts;
}

/** Returns when an object is next retried or forgotten. undefined when none is contested. */
export function nextContestTime(
  { contested }: ContestState,
  now: number,
  { window }: ContestRules,
): number | undefined {
  const times = [...contested.values()].map(({ retryAt }) =>
    retryAt > now ? retryAt : retryAt + window,
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

const SETTINGS: readonly TablePart[] = [
  'timeouts',
  'daemons',
  'sysctls',
] satisfies readonly SettingsPart[];

/**
 * Removes the parts from `desired` that are left alone, as if the files did not manage them. A plan
 * then copies them from the live table. A service that another program deleted is added again,
 * unless its absence is what is left alone.
 */
export function withoutContested(
  desired: Desired,
  leftAlone: ReadonlyMap<TablePart, Leave>,
): Desired {
  if (leftAlone.size === 0) return desired;
  const services = [...leftAlone.keys()].filter(
    (part): part is ServiceKey => !SETTINGS.includes(part),
  );
  const { policy } = desired;
  return {
    ...desired,
    services: new Map([...desired.services].filter(([key]) => leftAlone.get(key) !== 'absent')),
    timeouts: leftAlone.has('timeouts') ? {} : desired.timeouts,
    daemons: leftAlone.has('daemons') ? undefined : desired.daemons,
    policy: {
      services: policy?.services ?? new Map(),
      sysctls: leftAlone.has('sysctls') ? undefined : policy?.sysctls,
      manage: {
        include: policy?.manage?.include,
        exclude: [...(policy?.manage?.exclude ?? []), ...services.map((service) => ({ service }))],
      },
    },
  };
}
