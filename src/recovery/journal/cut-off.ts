import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { cannotRead, isAbsent } from '../../errors.ts';
import { isCount, isObject, isText, isTime, listOf, objectOf, oneOf } from '../../model/shape.ts';
import { readIfPresentSync } from '../records/read.ts';
import type { State } from '../state.ts';
import { Journal, journalFiles } from './journal.ts';
import type { BeginLine } from './journal-lines.ts';

type BegunLine = Pick<
  BeginLine,
  'type' | 'version' | 'run' | 'time' | 'pid' | 'verb' | 'operations'
>;

interface OutcomesLine {
  readonly type: 'outcomes';
  readonly run: string;
  readonly done: number;
  readonly refused: readonly unknown[];
}

interface OtherLine {
  readonly type: 'wave' | 'end';
  readonly run: string;
}

/** A run that has no end in the journal. */
interface CutOff {
  readonly begin: BegunLine;
  /** The number of operations that the kernel answered. */
  readonly answered: number;
}

/** An `end` line is shorter. */
const TAIL_BYTES = 4096;

/**
 * Finds the last run, when the journal has no end of it. Only the holder of the lock may ask: a run
 * that goes on has no end either. Throws `IO`.
 */
export function findCutOff(folder: string): CutOff | undefined {
  const files = journalFiles(folder);
  if (files[0] === undefined || parse(tail(files[0]))?.type === 'end') return undefined;
  let answered = 0;
  let run: string | undefined;
  for (const path of files) {
    for (const text of (readIfPresentSync(path) ?? '').split('\n').reverse()) {
      const line = parse(text);
      if (!line || (run !== undefined && line.run !== run)) continue;
      if (line.type === 'end') return undefined;
      run = line.run;
      if (line.type === 'outcomes') answered += line.done + line.refused.length;
      if (line.type === 'begin') return { begin: line, answered };
    }
  }
  return undefined;
}

/**
 * Ends the run in the journal, so that it is not found again. When the disk is full, the run is
 * found again.
 */
export function closeCutOff(state: State, { begin }: CutOff): void {
  try {
    new Journal(state, begin.run, () => {}).append({
      type: 'end',
      run: begin.run,
      time: state.clock.now().toISOString(),
      outcome: 'cut-off',
    });
  } catch {}
}

type Line = BegunLine | OutcomesLine | OtherLine;

/** The members of the lines that tell whether a run has ended. */
const isBegun = objectOf<BegunLine>({
  type: oneOf(['begin']),
  version: oneOf([1]),
  run: isText,
  time: isTime,
  pid: isCount,
  verb: isText,
  operations: isCount,
});
const isOutcomes = objectOf<OutcomesLine>({
  type: oneOf(['outcomes']),
  run: isText,
  done: isCount,
  refused: listOf(isObject),
});
const isOther = objectOf<OtherLine>({ type: oneOf(['wave', 'end']), run: isText });

/** Reads a line. Returns undefined for one that is cut short, or of another version. */
function parse(text: string | undefined): Line | undefined {
  if (!text) return undefined;
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isBegun(line) || isOutcomes(line) || isOther(line) ? line : undefined;
}

/** The last line of a file. Returns undefined when there is no file. Throws `IO`. */
function tail(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw cannotRead(path, error);
  }
  try {
    const bytes = Buffer.alloc(TAIL_BYTES);
    const start = Math.max(0, fstatSync(file).size - TAIL_BYTES);
    const length = readSync(file, bytes, 0, TAIL_BYTES, start);
    return bytes.toString('utf8', 0, length).trimEnd().split('\n').at(-1);
  } catch (error) {
    throw cannotRead(path, error);
  } finally {
    closeSync(file);
  }
}
