import { join } from 'node:path';
import {
  isCount,
  isFlag,
  isNumber,
  isObject,
  isText,
  isTime,
  listOf,
  objectOf,
  oneOf,
  type Shape,
} from '../../model/shape.ts';
import { LIFE_SHAPE, type State, type TableLife } from '../state.ts';
import { RecordFile, type Warn } from './record-file.ts';
import type { FileFormat } from './versioned.ts';

/** The difference that one pass made. Both tables are data in the form of stored-table.ts. */
export interface StoredPass {
  readonly before: unknown;
  readonly after: unknown;
  /** Each sysctl by its name, with the value before and after. */
  readonly sysctls?: { readonly [name: string]: readonly [string, string] };
}

/** The way back from one run, or from several that are rolled back together. */
export interface RunRecord extends TableLife {
  readonly id: string;
  /** The verb that began the run, such as `apply`. */
  readonly verb: string;
  /** ISO 8601. */
  readonly started: string;
  readonly passes: readonly StoredPass[];
}

/** A try that is neither confirmed nor rolled back. */
export interface PendingTry extends RunRecord {
  readonly pid: number;
  /**
   * `applying` until its operations are done. Only a try in the phase `waiting` can be confirmed.
   */
  readonly phase: 'applying' | 'waiting';
  readonly timeoutSeconds: number;
  /** The deadline on the monotonic clock. */
  readonly deadlineSeconds: number;
}

/** Why a try ended. */
export type TryCause = 'confirmed' | 'timeout' | 'interrupted' | 'rejected';

/** How a try ended. The names of the fields are those of the file. */
export interface TryOutcome extends TableLife {
  readonly id: string;
  /** When the try began and ended, both in ISO 8601. */
  readonly started: string;
  readonly ended: string;
  readonly cause: TryCause;
  /**
   * True when the table is right: as the try left it when it was confirmed, otherwise as it was
   * before the try.
   */
  readonly isRestored: boolean;
  /** Operations that the rollback took. */
  readonly operations: number;
  /** Objects that another program changed after the try. The rollback left them alone. */
  readonly contested: readonly string[];
  /** One line for each failure of the rollback. */
  readonly problems: readonly string[];
  /** True when an operator has been told. */
  readonly isTold: boolean;
}

/** The names of sysctls become names of files. */
export const isSysctlName: Shape<string> = (value): value is string =>
  isText(value) && /^[a-z0-9_]+$/.test(value);

const isPass: Shape<StoredPass> = (value): value is StoredPass => {
  if (!isObject(value) || !isObject(value.before) || !isObject(value.after)) return false;
  const { sysctls = {} } = value;
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every(isText);
  return (
    isObject(sysctls) &&
    Object.entries(sysctls).every(([name, pair]) => isSysctlName(name) && isPair(pair))
  );
};

const RUN_SHAPE = {
  ...LIFE_SHAPE,
  id: isText,
  verb: isText,
  started: isTime,
  passes: listOf(isPass),
};

const PENDING: FileFormat<PendingTry> = {
  name: 'ipvstate-try',
  version: 1,
  shape: objectOf<PendingTry>({
    ...RUN_SHAPE,
    pid: isCount,
    phase: oneOf(['applying', 'waiting']),
    timeoutSeconds: isNumber,
    deadlineSeconds: isNumber,
  }),
};

const RUN: FileFormat<RunRecord> = {
  name: 'ipvstate-run',
  version: 1,
  shape: objectOf<RunRecord>(RUN_SHAPE),
};

const OUTCOME: FileFormat<TryOutcome> = {
  name: 'ipvstate-try-outcome',
  version: 1,
  shape: objectOf<TryOutcome>({
    ...LIFE_SHAPE,
    id: isText,
    started: isTime,
    ended: isTime,
    cause: oneOf(['confirmed', 'timeout', 'interrupted', 'rejected']),
    isRestored: isFlag,
    operations: isCount,
    contested: listOf(isText),
    problems: listOf(isText),
    isTold: isFlag,
  }),
};

/**
 * Records of earlier runs, kept only so that the runs can be rolled back. The kernel alone says
 * what its table is now.
 */
export interface Records {
  readonly pending: RecordFile<PendingTry>;
  /**
   * Runs that began to write, the last of which failed. The table before the first of them is the
   * last good one.
   */
  readonly unfinished: RecordFile<RunRecord>;
  /** The last run that succeeded, together with the failed runs right before it. */
  readonly last: RecordFile<RunRecord>;
  readonly outcome: RecordFile<TryOutcome>;
}

/** Opens the records of one network namespace. `warn` is told of damaged files. */
export function openRecords({ folders, life }: State, warn: Warn): Records {
  const runtime = (name: string): string => join(folders.runtime, name);
  return {
    pending: new RecordFile([runtime('try.json')], PENDING, life, warn),
    unfinished: new RecordFile([runtime('unfinished.json')], RUN, life, warn),
    last: new RecordFile([runtime('last.json')], RUN, life, warn),
    // The outcome should outlive a reboot. Where the first folder cannot be written, the second
    // keeps it until then.
    outcome: new RecordFile(
      [join(folders.state, 'try-outcome.json'), runtime('try-outcome.json')],
      OUTCOME,
      life,
      warn,
    ),
  };
}
