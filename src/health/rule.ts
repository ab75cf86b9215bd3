import type { Limit } from '../model/desired.ts';
import type { DestinationKey } from '../model/destination.ts';

/** A destination that takes new connections unless health takes it out. */
export interface Candidate {
  readonly key: DestinationKey;
  readonly isHealthy: boolean;
  readonly sinceSeconds: number;
  /** True when it takes no new connections in the live table. */
  readonly isOut: boolean;
}

interface RuleOfService {
  readonly maxUnhealthy: Limit;
  /** True when one destination must stay, because nothing takes the traffic in its place. */
  readonly keepsOne: boolean;
  /** False when nothing may be taken out that is in. */
  readonly takesOut: boolean;
}

interface Choice {
  readonly out: ReadonlySet<DestinationKey>;
  /** True when more destinations are unhealthy than may be taken out. */
  readonly isPanic: boolean;
}

/**
 * Chooses the destinations that health takes out. When too many are unhealthy, the checks may be
 * wrong: then the destinations stay that are in.
 */
export function chooseOut(candidates: readonly Candidate[], rule: RuleOfService): Choice {
  const most = mostOut(candidates.length, rule);
  const unhealthy = candidates.filter(({ isHealthy }) => !isHealthy);
  const isPanic = unhealthy.length > most;
  const chosen =
    isPanic || !rule.takesOut
      ? longestUnhealthy(unhealthy.filter(({ isOut }) => isOut)).slice(0, most)
      : unhealthy;
  return { out: new Set(chosen.map(({ key }) => key)), isPanic };
}

function mostOut(count: number, { maxUnhealthy, keepsOne }: RuleOfService): number {
  const most = keepsOne ? Math.max(0, count - 1) : count;
  switch (maxUnhealthy.kind) {
    case 'off':
      return most;
    case 'count':
      return Math.min(most, maxUnhealthy.value);
    case 'percent':
      return Math.min(most, Math.floor((count * maxUnhealthy.value) / 100));
    default:
      return maxUnhealthy satisfies never;
  }
}

function longestUnhealthy(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...candidates].sort(
    (a, b) => a.sinceSeconds - b.sinceSeconds || (a.key < b.key ? -1 : 1),
  );
}
