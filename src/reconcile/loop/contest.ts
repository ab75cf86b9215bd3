import type { ServiceKey } from '../../model/service.ts';
import type { Table } from '../../model/table.ts';
import type { Change } from '../../plan/change.ts';
import { diff } from '../../plan/diff.ts';

/** What is left alone as a whole when one object of it is contested. */
export type Holding = ServiceKey | Settings;

export type Settings = 'timeouts' | 'daemons' | 'sysctls';

/** `absent`: it is deleted again and again, so it is not added any more. `as-is`: whatever it is while it is there. */
export type Hold = 'as-is' | 'absent';

/** An object that we put right and somebody else changes back, again and again. */
export interface Contested {
  /** Such as `tcp://192.0.2.1:80 10.0.0.1:80`, `tcp://192.0.2.1:80 settings`, `timeouts` or `master sync daemon`. */
  readonly name: string;
  readonly holding: Holding;
  readonly hold: Hold;
  /** Times that it was changed back. */
  readonly reversals: number;
  /** When it became contested, and until when it is left alone, on the loop's clock. */
  readonly since: number;
  readonly retryAt: number;
  /** How long it is left alone this time, in milliseconds. */
  readonly delay: number;
}

export interface ContestState {
  /** When objects were changed back, oldest first. */
  readonly reversals: ReadonlyMap<string, readonly number[]>;
  readonly contested: ReadonlyMap<string, Contested>;
}

export interface ContestRules {
  /** So many reversals within a window, in milliseconds, make an object contested. */
  readonly reversals: number;
  readonly window: number;
  /** Left alone for so long at first, in milliseconds; each further reversal doubles it. */
  readonly first: number;
  readonly most: number;
}

export const CONTEST_RULES: ContestRules = { reversals: 3, window: 300_000, first: 60_000, most: 900_000 };

export const UNCONTESTED: ContestState = { reversals: new Map(), contested: new Map() };

export type Reversal = Pick<Contested, 'name' | 'holding' | 'hold'>;

/** Those of the changes that are needed because somebody changed what we had left as `expected`. */
export function reversalsOf(changes: readonly Change[], expected: Table, live: Table): readonly Reversal[] {
  const foreign = new Set(diff(expected, live).map((change) => subject(change).name));
  return changes.map(subject).filter(({ name }) => foreign.has(name));
}

function subject(change: Change): Reversal {
  switch (change.object) {
    case 'service':
      return {
        // Who fights over settings has not agreed to lose the service.
        name: change.before && change.after ? `${change.service} settings` : change.service,
        holding: change.service,
        hold: change.before ? 'as-is' : 'absent',
      };
    case 'destination':
      return { name: `${change.service} ${change.destination}`, holding: change.service, hold: 'as-is' };
    case 'sysctl':
      return { name: `sysctl ${change.name}`, holding: 'sysctls', hold: 'as-is' };
    case 'timeouts':
      return { name: 'timeouts', holding: 'timeouts', hold: 'as-is' };
    case 'daemon':
      return { name: `${change.role} sync daemon`, holding: 'daemons', hold: 'as-is' };
    default:
      return change satisfies never;
  }
}

/** Counts reversals. One that was contested before needs no three of them to be so again. */
export function countReversals(state: ContestState, reversed: readonly Reversal[], now: number, rules: ContestRules): ContestState {
  const reversals = new Map(state.reversals);
  const contested = new Map(state.contested);
  for (const { name, holding, hold } of reversed) {
    const times = [...(reversals.get(name) ?? []).filter((time) => time > now - rules.window), now];
    reversals.set(name, times);
    const before = contested.get(name);
    if (!before && times.length < rules.reversals) continue;
    const delay = before ? Math.min(rules.most, before.delay * 2) : rules.first;
    const since = before?.since ?? now;
    const count = (before?.reversals ?? times.length - 1) + 1;
    contested.set(name, { name, holding, hold, reversals: count, since, retryAt: now + delay, delay });
  }
  return { reversals, contested };
}

/** Forgets what is long ago: an object that stayed as it should for a window after the last try is contested no more. */
export function forget(state: ContestState, now: number, { window }: ContestRules): ContestState {
  const reversals = [...state.reversals].filter(([, times]) => times.some((time) => time > now - window));
  const contested = [...state.contested].filter(([, { retryAt }]) => retryAt + window > now);
  if (reversals.length === state.reversals.size && contested.length === state.contested.size) return state;
  return { reversals: new Map(reversals), contested: new Map(contested) };
}

/** What is to be left alone now, and how. */
export function holdings({ contested }: ContestState, now: number): ReadonlyMap<Holding, Hold> {
  const held = new Map<Holding, Hold>();
  for (const { holding, hold, retryAt } of contested.values()) {
    if (retryAt > now && held.get(holding) !== 'absent') held.set(holding, hold);
  }
  return held;
}

/** When something is to be tried or forgotten next; undefined when there is nothing. */
export function nextContestTime({ contested }: ContestState, now: number, { window }: ContestRules): number | undefined {
  const times = [...contested.values()].map(({ retryAt }) => (retryAt > now ? retryAt : retryAt + window));
  return times.length === 0 ? undefined : Math.min(...times);
}
