import { IpvstateError } from '../../errors.ts';
import type { Desired } from '../../model/desired.ts';
import { hasErrors, type Issue, type Position } from '../../model/issue.ts';
import type { Manage } from '../../model/policy.ts';

/** A file, identified by its content. Without a hash it could not be read. */
export interface FileHash {
  readonly path: string;
  readonly sha256: string | undefined;
}

/** The content of all files at one moment. */
export interface LoadedFiles {
  /** Equal exactly when the name and the content of every file are equal. */
  readonly digest: string;
  readonly files: readonly FileHash[];
  /** undefined when there are errors among the issues. */
  readonly desired: Desired | undefined;
  readonly issues: readonly Issue[];
  /** Set while their source cannot be read, and these are the files from before. */
  readonly source?: Pick<SourceState, 'message' | 'hint'> | undefined;
}

/** A source that cannot be read, and whose files from before stay. */
export interface SourceState {
  readonly message: string;
  readonly hint?: string;
  /** On the loop's clock. */
  readonly since: number;
}

/** Valid files, with the table that they ask for. */
export interface GoodFiles {
  readonly digest: string;
  readonly files: readonly FileHash[];
  readonly desired: Desired;
  /** Warnings only. */
  readonly issues: readonly Issue[];
  /** When they were first read, on the loop's clock. */
  readonly since: number;
}

/** Why the files that were read last are invalid. */
export interface ConfigProblem {
  readonly issues: readonly Issue[];
  /** Set when the files could not be read at all. */
  readonly error: IpvstateError | undefined;
  /** The place of the first error. */
  readonly position: Position | undefined;
  /** When they were first read, on the loop's clock. */
  readonly since: number;
}

/**
 * The state of the files. It follows the files that were *read* last, not those that were applied:
 * when an old valid file comes back, the problem is gone, although nothing has to change.
 */
export interface ConfigState {
  /** True when the files that were read last are valid. */
  readonly valid: boolean;
  /** The digest of the files that were read last, valid or not. undefined before the first read. */
  readonly seen: string | undefined;
  readonly files: readonly FileHash[];
  /** The files in force. */
  readonly good: GoodFiles | undefined;
  /**
   * Valid files that remove something. They come into force after a second read finds them
   * unchanged.
   */
  readonly held: GoodFiles | undefined;
  readonly problem: ConfigProblem | undefined;
}

export const UNSEEN: ConfigState = {
  valid: false,
  seen: undefined,
  files: [],
  good: undefined,
  held: undefined,
  problem: undefined,
};

/**
 * Returns the state after a read of the files at `now`, and the same object when nothing is new.
 * Files that remove something must be read twice, `secondRead` milliseconds apart: a file that is
 * cut off at the end of a line is often valid. The first valid files must be read twice as well,
 * because nothing says what they remove.
 */
export function seeFiles(
  state: ConfigState,
  loaded: LoadedFiles | IpvstateError,
  now: number,
  secondRead: number,
): ConfigState {
  if (loaded instanceof IpvstateError) {
    const problem = { issues: [], error: loaded, position: undefined, since: now };
    return seeProblem(state, `${loaded.code} ${loaded.message}`, problem, []);
  }
  const { digest, files, desired, issues } = loaded;
  if (!desired || hasErrors(issues)) {
    const position = issues.find(({ severity }) => severity === 'error')?.position;
    return seeProblem(state, digest, { issues, error: undefined, position, since: now }, files);
  }
  const accept = (good: GoodFiles): ConfigState => ({
    valid: true,
    seen: digest,
    files,
    good,
    held: undefined,
    problem: undefined,
  });
  const { good, held } = state;
  if (good?.digest === digest)
    return state.seen === digest && state.valid && !held ? state : accept(good);
  if (held?.digest === digest) return now - held.since >= secondRead ? accept(held) : state;
  const found: GoodFiles = { digest, files, desired, issues, since: now };
  if (good && !removesAnything(good.desired, desired)) return accept(found);
  return { valid: true, seen: digest, files, good, held: found, problem: undefined };
}

/** Returns the state of the source after a read at `now`; the same object when nothing is new. */
export function seeSource(
  before: SourceState | undefined,
  loaded: LoadedFiles | IpvstateError,
  now: number,
): SourceState | undefined {
  const problem = loaded instanceof IpvstateError ? undefined : loaded.source;
  if (problem?.message === before?.message) return before;
  return problem && { ...problem, since: before?.since ?? now };
}

/**
 * Returns the state without files in force that were never applied, because a guard held their plan
 * back. Other content makes such a plan void: the files that were applied before are in force
 * again.
 */
export function withoutHeldBack(
  state: ConfigState,
  loaded: LoadedFiles | IpvstateError,
  applied: GoodFiles | undefined,
): ConfigState {
  const isSame = !(loaded instanceof IpvstateError) && loaded.digest === state.good?.digest;
  return isSame ? state : { ...state, good: applied };
}

/**
 * Tells whether the files must be read again soon: they remove something, or they are being
 * written.
 */
export function needsSecondRead({ held, problem }: ConfigState): boolean {
  return held !== undefined || problem?.error?.code === 'UNSTABLE';
}

function seeProblem(
  state: ConfigState,
  seen: string,
  problem: ConfigProblem,
  files: readonly FileHash[],
): ConfigState {
  if (state.seen === seen && state.problem) return state;
  return { valid: false, seen, files, good: state.good, held: undefined, problem };
}

/** Tells whether a plan for `next` can delete something that a plan for `previous` keeps. */
export function removesAnything(previous: Desired, next: Desired): boolean {
  for (const [key, { destinations }] of previous.services) {
    const entry = next.services.get(key);
    if (!entry) return true;
    // A file that did not change is not parsed again, so its entries are the same objects.
    if (entry.destinations === destinations) continue;
    for (const destination of destinations.keys())
      if (!entry.destinations.has(destination)) return true;
  }
  return (
    stopsDaemons(previous, next) || !isSameManage(previous.policy?.manage, next.policy?.manage)
  );
}

/**
 * Tells whether a daemon can stop. Files that name daemons for the first time stop those that run
 * and are not named.
 */
function stopsDaemons({ daemons: previous }: Desired, { daemons: next }: Desired): boolean {
  if (!next) return false;
  return !previous || previous.some(({ role }) => !next.some((daemon) => daemon.role === role));
}

/** Tells whether the files manage the same services. Files that manage more can delete more. */
function isSameManage(a: Manage | undefined, b: Manage | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
