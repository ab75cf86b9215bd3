import type { ErrnoName } from '../../errors.ts';
import type { Desired } from '../../model/desired.ts';
import type { Table } from '../../model/table.ts';
import type { Failure, Report } from '../../plan/report.ts';
import type { UnsupportedSysctlsError } from '../../plan/sysctls.ts';
import { isStale } from '../execute.ts';
import { objectOf, partOf, SYSCTL_PART } from '../operation-object.ts';
import { type Leave, type TablePart, withoutContested } from './contest.ts';
import type { LiveLook } from './live-look.ts';

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
  /** The name of a sysctl that the kernel did not have. */
  readonly absentSysctl?: string;
}

/** By part. */
export type RefusedParts = ReadonlyMap<string, RefusedPart>;

export const NOTHING_REFUSED: RefusedParts = new Map();

/** The kernel may accept the same operation a moment later. */
const TRANSIENT: ReadonlySet<ErrnoName> = new Set(['ENOMEM', 'ENOBUFS', 'EBUSY', 'EMSGSIZE']);

/**
 * Returns the failures that stay as long as nothing changes, or none when the report has another
 * failure: then the pass is tried again by time.
 */
export function lastingRefusals({
  outcome,
  error,
  failures,
  differences,
}: Report): readonly Failure[] {
  const isSettled = outcome === 'partial' || outcome === 'rolled-back';
  const isIsolated = isSettled && error === undefined && differences.length === 0;
  if (!isIsolated || failures.some(({ error: { errno } }) => TRANSIENT.has(errno))) return [];
  return failures.some(isStale) ? [] : failures;
}

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
    const { service } = objectOf(operation);
    const isNew = service !== undefined && !live.services.has(service);
    const { message: reason, hint, errno } = error;
    const isAbsent = operation.kind === 'set-sysctl' && errno === 'ENOENT';
    parts.set(part, {
      ...{ part, leave: isNew ? 'absent' : 'as-is', reason, hint, since: now },
      ...(isAbsent && { absentSysctl: operation.name }),
    });
  }
  return parts;
}

/** Adds sysctls that the kernel does not have. */
export function withUnsupported(
  refused: RefusedParts,
  { names, hint }: UnsupportedSysctlsError,
  now: number,
): RefusedParts {
  const parts = new Map(refused);
  for (const name of names) {
    const part = `${SYSCTL_PART}${name}`;
    const reason = `this kernel has no net.ipv4.vs.${name}`;
    parts.set(part, { part, leave: 'as-is', reason, hint, since: now, absentSysctl: name });
  }
  return parts;
}

/** Returns the refused parts but sysctls. A plan copies them from the live table. */
export function partsRefused(refused: RefusedParts): ReadonlyMap<TablePart, Leave> {
  const parts = new Map<TablePart, Leave>();
  for (const { part, leave } of refused.values())
    if (!part.startsWith(SYSCTL_PART)) parts.set(part as TablePart, leave);
  return parts;
}

/** Returns what is desired without the refused sysctls. The kernel may not even have them. */
export function withoutRefusedSysctls(desired: Desired, refused: RefusedParts): Desired {
  const { policy } = desired;
  if (refused.size === 0 || !policy?.sysctls) return desired;
  const values = [...policy.sysctls.values].filter(([name]) => !refused.has(SYSCTL_PART + name));
  const sysctls = { ...policy.sysctls, values: new Map(values) };
  return { ...desired, policy: { ...policy, sysctls } };
}

/** Returns what is desired without the refused parts, as if the files did not manage them. */
export function withoutRefused(desired: Desired, refused: RefusedParts): Desired {
  return withoutContested(withoutRefusedSysctls(desired, refused), partsRefused(refused));
}

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 900_000;

/**
 * Remembers what the kernel refused, and when it is tried again. That is never by time alone, but
 * after a change of the table or of the interfaces, or when the kernel has a sysctl that it lacked.
 * While refusals repeat, the wait between two attempts doubles, so that a busy table does not bring
 * an attempt every interval.
 */
export class Refusals {
  parts: RefusedParts = NOTHING_REFUSED;
  /** The table and the interfaces at the last refusal. */
  #world: string | undefined;
  #retryAt = 0;
  #wait = FIRST_WAIT;
  /** The parts of the attempt before, while they are tried again. */
  #tried: RefusedParts = NOTHING_REFUSED;

  /** Forgets everything, because the files changed or an operator asks for another attempt. */
  clear(): void {
    this.parts = NOTHING_REFUSED;
    this.#tried = NOTHING_REFUSED;
    this.#wait = FIRST_WAIT;
  }

  /** True when the refused parts are to be tried again. Then they are no longer left out. */
  async mayBeOver(now: number, look: LiveLook): Promise<boolean> {
    if (this.parts.size === 0 || now < this.#retryAt) return false;
    const absent = [...this.parts.values()].flatMap(({ absentSysctl: name }) => name ?? []);
    const isSame = (await look.world()) === this.#world && !(await look.hasSysctl(absent));
    if (isSame) return false;
    this.#tried = this.parts;
    this.parts = NOTHING_REFUSED;
    return true;
  }

  /** Takes over the refused parts of a pass. A part that was refused before keeps its beginning. */
  async learn(parts: RefusedParts, now: number, look: LiveLook): Promise<void> {
    const tried = this.#tried;
    this.#tried = NOTHING_REFUSED;
    if (parts === this.parts) return;
    this.parts = new Map(
      [...parts].map(([name, part]) => [
        name,
        { ...part, since: tried.get(name)?.since ?? part.since },
      ]),
    );
    if (parts.size === 0) return;
    this.#wait = tried.size > 0 ? Math.min(LONGEST_WAIT, this.#wait * 2) : FIRST_WAIT;
    this.#retryAt = now + this.#wait;
    this.#world = await look.world();
  }
}
