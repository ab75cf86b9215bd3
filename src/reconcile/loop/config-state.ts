import { IpvstateError } from '../../errors.ts';
import type { Desired } from '../../model/desired.ts';
import { hasErrors, type Issue, type Position } from '../../model/issue.ts';
import { removesAnything } from './removes-anything.ts';

/** A file by its content; without a hash it could not be read. */
export interface FileHash {
  readonly path: string;
  readonly sha256: string | undefined;
}

/** What files mean at one moment, read whole. */
export interface LoadedFiles {
  /** Equal exactly when every file's name and content are. */
  readonly digest: string;
  readonly files: readonly FileHash[];
  /** undefined when there are errors among the issues. */
  readonly desired: Desired | undefined;
  readonly issues: readonly Issue[];
}

/** Files that were good, with what they ask for. */
export interface GoodFiles {
  readonly digest: string;
  readonly files: readonly FileHash[];
  readonly desired: Desired;
  /** Warnings only. */
  readonly issues: readonly Issue[];
  /** When they were first seen, on the loop's clock. */
  readonly since: number;
}

/** Why the files that were seen last are of no use. */
export interface ConfigProblem {
  readonly issues: readonly Issue[];
  /** What kept them from being read at all. */
  readonly error: IpvstateError | undefined;
  /** Of the first error. */
  readonly position: Position | undefined;
  /** When they were first seen so, on the loop's clock. */
  readonly since: number;
}

/** Follows what was *seen* last, never what was applied: an old good file that comes back clears the error, though it changes nothing. */
export interface ConfigState {
  /** Whether what was seen last could be used. */
  readonly valid: boolean;
  /** Digest of what was seen last, good or bad; undefined before the first look. */
  readonly seen: string | undefined;
  readonly files: readonly FileHash[];
  /** In force. */
  readonly good: GoodFiles | undefined;
  /** Good as well, but they remove something: in force once they were read a second time. */
  readonly held: GoodFiles | undefined;
  readonly problem: ConfigProblem | undefined;
}

export const UNSEEN: ConfigState = { valid: false, seen: undefined, files: [], good: undefined, held: undefined, problem: undefined };

/**
 * The state after a look at the files at `now`; the very same object when nothing is new. What removes something in comparison with what
 * is in force, or may do so because nothing is in force yet, must be seen twice, `secondRead` milliseconds apart: a file that is cut off at
 * the end of a line is often valid.
 */
export function seeFiles(state: ConfigState, loaded: LoadedFiles | IpvstateError, now: number, secondRead: number): ConfigState {
  if (loaded instanceof IpvstateError) {
    return seeProblem(state, `${loaded.code} ${loaded.message}`, { issues: [], error: loaded, position: undefined, since: now }, []);
  }
  const { digest, files, desired, issues } = loaded;
  if (!desired || hasErrors(issues)) {
    const position = issues.find(({ severity }) => severity === 'error')?.position;
    return seeProblem(state, digest, { issues, error: undefined, position, since: now }, files);
  }
  const accept = (good: GoodFiles): ConfigState => ({ valid: true, seen: digest, files, good, held: undefined, problem: undefined });
  const { good, held } = state;
  if (good?.digest === digest) return state.seen === digest && state.valid && !held ? state : accept(good);
  if (held?.digest === digest) return now - held.since >= secondRead ? accept(held) : state;
  const found: GoodFiles = { digest, files, desired, issues, since: now };
  if (good && !removesAnything(good.desired, desired)) return accept(found);
  return { valid: true, seen: digest, files, good, held: found, problem: undefined };
}

/** Whether the files are to be read again without an event: they remove something, or they were being written. */
export function needsSecondRead({ held, problem }: ConfigState): boolean {
  return held !== undefined || problem?.error?.code === 'UNSTABLE';
}

function seeProblem(state: ConfigState, seen: string, problem: ConfigProblem, files: readonly FileHash[]): ConfigState {
  if (state.seen === seen && state.problem) return state;
  return { valid: false, seen, files, good: state.good, held: undefined, problem };
}
