import type { Desired } from '../../model/desired.ts';
import type { Table } from '../../model/table.ts';
import type { Failure } from '../../plan/report.ts';
import { objectOf, partOf, SYSCTL_PART } from '../operation-object.ts';
import { type Leave, type TablePart, withoutContested } from './contest.ts';

/**
 * A part of the table that the kernel does not let the loop change. The other parts are applied.
 */
export interface RefusedPart {
  /** A service, `timeouts`, `daemons`, or `sysctl` and its name. */
  readonly part: string;
  readonly leave: Leave;
  /** The message and the hint of the kernel's first refusal. */
  readonly reason: string;
  readonly hint: string | undefined;
  readonly since: number;
}

/** By part. */
export type RefusedParts = ReadonlyMap<string, RefusedPart>;

export const NOTHING_REFUSED: RefusedParts = new Map();

/** Adds the parts of refused operations. `live` is the table before them. */
export function withRefusals(
  refused: RefusedParts,
  failures: readonly Failure[],
  live: Table,
  now: number,
): RefusedParts {
  const parts = new Map(refused);
  for (const { operation, error } of failures) {
    const part = partOf(operation);
    if (parts.has(part)) continue;
    const isNewService =
      objectOf(operation).service !== undefined && !live.services.has(part as never);
    parts.set(part, {
      part,
      leave: isNewService ? 'absent' : 'as-is',
      reason: error.message,
      hint: error.hint,
      since: now,
    });
  }
  return parts;
}

/** Returns what is desired without the refused parts, as if the files did not manage them. */
export function withoutRefused(desired: Desired, refused: RefusedParts): Desired {
  if (refused.size === 0) return desired;
  const { policy } = desired;
  const parts = new Map<TablePart, Leave>();
  for (const { part, leave } of refused.values())
    if (!part.startsWith(SYSCTL_PART)) parts.set(part as TablePart, leave);
  const sysctls = policy?.sysctls && {
    ...policy.sysctls,
    values: new Map(
      [...policy.sysctls.values].filter(([name]) => !refused.has(SYSCTL_PART + name)),
    ),
  };
  const kept = policy ? { ...desired, policy: { ...policy, sysctls } } : desired;
  return withoutContested(kept, parts);
}
