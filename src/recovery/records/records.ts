import { join } from 'node:path';
import type { State, TableLife } from '../state.ts';
import { Slot, type Warn } from './slot.ts';
import { type FileFormat, isRecord } from './versioned.ts';

/** What differs between two tables, each as data (state/stored-table.ts). */
export interface StoredPass {
  readonly before: unknown;
  readonly after: unknown;
  /** By name: the value before, and after. */
  readonly sysctls?: { readonly [name: string]: readonly [string, string] };
}

/** What one run, or several that belong together, did to the table. */
export interface RunRecord extends TableLife {
  readonly id: string;
  /** Such as `apply`. */
  readonly verb: string;
  /** ISO 8601. */
  readonly started: string;
  readonly passes: readonly StoredPass[];
}

/** A try that is neither confirmed nor undone. */
export interface PendingTry extends RunRecord {
  readonly pid: number;
  /** `applying` until its operations are done: nothing that could be confirmed. */
  readonly phase: 'applying' | 'waiting';
  readonly timeoutSeconds: number;
  /** On the monotonic clock. */
  readonly deadlineSeconds: number;
}

/** Why a try came to its end. */
export type TryCause = 'confirmed' | 'timeout' | 'interrupted' | 'rejected';

/** How a try ended. */
export interface TryOutcome extends TableLife {
  readonly id: string;
  /** ISO 8601, both. */
  readonly started: string;
  readonly ended: string;
  readonly cause: TryCause;
  /** Whether the table is what it should be: the state from before or, when it was confirmed, that of the try. */
  readonly isRestored: boolean;
  /** Operations that going back took. */
  readonly operations: number;
  /** Objects that somebody else had changed meanwhile, and that were left alone. */
  readonly contested: readonly string[];
  /** What went wrong, one line each. */
  readonly problems: readonly string[];
  /** Whether somebody has been told. */
  readonly isTold: boolean;
}

const isLife = ({ boot, netns }: Partial<TableLife>): boolean =>
  typeof boot === 'string' && typeof netns === 'string';

function isPass(pass: unknown): boolean {
  if (!isRecord(pass) || !isRecord(pass.before) || !isRecord(pass.after)) return false;
  const { sysctls = {} } = pass;
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every((value) => typeof value === 'string');
  return isRecord(sysctls) && Object.values(sysctls).every(isPair);
}

function isRun(run: Partial<RunRecord>): boolean {
  const { id, verb, started, passes } = run;
  const isText = [id, verb, started].every((value) => typeof value === 'string');
  return isLife(run) && isText && Array.isArray(passes) && passes.every(isPass);
}

function isPending(pending: Partial<PendingTry>): boolean {
  const { pid, phase, timeoutSeconds, deadlineSeconds } = pending;
  return (
    isRun(pending) &&
    [pid, timeoutSeconds, deadlineSeconds].every(Number.isFinite) &&
    (phase === 'applying' || phase === 'waiting')
  );
}

const CAUSES: readonly unknown[] = [
  'confirmed',
  'timeout',
  'interrupted',
  'rejected',
] satisfies TryCause[];

function isOutcome(outcome: Partial<TryOutcome>): boolean {
  const { id, started, ended, cause, isRestored, operations, contested, problems, isTold } =
    outcome;
  const areTexts = (list: unknown): boolean =>
    Array.isArray(list) && list.every((value) => typeof value === 'string');
  const isFlagged = typeof isRestored === 'boolean' && typeof isTold === 'boolean';
  return (
    isLife(outcome) &&
    areTexts([id, started, ended]) &&
    CAUSES.includes(cause) &&
    isFlagged &&
    Number.isFinite(operations) &&
    areTexts(contested) &&
    areTexts(problems)
  );
}

const PENDING: FileFormat<PendingTry> = { name: 'ipvstate-try', version: 1, isValid: isPending };
const RUN: FileFormat<RunRecord> = { name: 'ipvstate-run', version: 1, isValid: isRun };
const OUTCOME: FileFormat<TryOutcome> = {
  name: 'ipvstate-try-outcome',
  version: 1,
  isValid: isOutcome,
};

/** What is remembered about the table's past, and only so that it can be undone: what is in it now, the kernel says. */
export interface Records {
  readonly pending: Slot<PendingTry>;
  /** Runs that began to write, the last of which did not end well: what they started from was the last good state. */
  readonly unfinished: Slot<RunRecord>;
  /** The last run that did, with the unfinished ones before it. */
  readonly last: Slot<RunRecord>;
  readonly outcome: Slot<TryOutcome>;
}

/** `warn` is told of files that are no use. */
export function openRecords({ folders, life }: State, warn: Warn): Records {
  const runtime = (name: string): string => join(folders.runtime, name);
  return {
    pending: new Slot([runtime('try.json')], PENDING, life, warn),
    unfinished: new Slot([runtime('unfinished.json')], RUN, life, warn),
    last: new Slot([runtime('last.json')], RUN, life, warn),
    // It should outlive a reboot, but must not be lost where that cannot be.
    outcome: new Slot(
      [join(folders.state, 'try-outcome.json'), runtime('try-outcome.json')],
      OUTCOME,
      life,
      warn,
    ),
  };
}
