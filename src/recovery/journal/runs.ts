import { basename } from 'node:path';
import { expandAdds } from './added-destinations.ts';
import { journalFiles } from './journal.ts';
import type { BeginLine, EndLine, JournalOperation, OutcomesLine } from './journal-lines.ts';
import { linesNewestFirst } from './newest-first.ts';
import { parseLine } from './parse-line.ts';

/** Operations that were sent together, and the kernel's answers. */
export interface JournaledWave {
  /** The number of its first operation in the run. */
  readonly first: number;
  readonly operations: readonly JournalOperation[];
  /** undefined when the program ended before the answers were written. */
  readonly outcomes: OutcomesLine | undefined;
}

/** A run that wrote to the kernel's table, as the journal has it. */
export interface JournaledRun {
  readonly begin: BeginLine;
  readonly waves: readonly JournaledWave[];
  /** undefined when the run goes on, or was cut off and no other run has begun since. */
  readonly end: EndLine | undefined;
}

/** A part of the journal. The lines of one run are together, because runs do not overlap. */
export type JournalPart =
  | { readonly kind: 'run'; readonly run: JournaledRun }
  /** A line that is damaged, or of a later version. */
  | { readonly kind: 'damage'; readonly place: string }
  /** The journal ends here: it keeps a fixed number of files, and older runs are removed. */
  | { readonly kind: 'removed' };

/**
 * The parts of a journal, newest first. Reads no more than the parts that are asked for. The end of
 * a file that does not end a line is left out: another process writes it, or was killed. Throws
 * `IO` and `PERMISSION`.
 */
export function* journalParts(folder: string): Generator<JournalPart, void> {
  const files = journalFiles(folder);
  const open = new Map<string, OpenRun>();
  let lastPath: string | undefined;
  for (const { text, path, isTorn, number } of linesNewestFirst(files)) {
    lastPath = path;
    const line = parseLine(text);
    if (!line) {
      if (!isTorn) yield { kind: 'damage', place: `${basename(path)}, line ${number()}` };
      continue;
    }
    const run: OpenRun = open.get(line.run) ?? { waves: [], outcomes: new Map(), end: undefined };
    open.set(line.run, run);
    switch (line.type) {
      case 'end':
        run.end ??= line;
        break;
      case 'outcomes':
        run.outcomes.set(line.first, line);
        break;
      case 'wave': {
        const { first, operations } = line;
        run.waves.unshift({
          first,
          operations: operations.flatMap(expandAdds),
          outcomes: run.outcomes.get(first),
        });
        break;
      }
      case 'begin':
        open.delete(line.run);
        yield { kind: 'run', run: { begin: line, waves: run.waves, end: run.end } };
        break;
      default:
        line satisfies never;
    }
  }
  if (open.size > 0 || (lastPath !== undefined && lastPath === files.at(-1)))
    yield { kind: 'removed' };
}

/** The ids of the runs of a journal, newest first. Other lines are not parsed. */
export function* runIds(folder: string): Generator<string, void> {
  for (const { text } of linesNewestFirst(journalFiles(folder))) {
    const line = text.includes('"begin"') ? parseLine(text) : undefined;
    if (line?.type === 'begin') yield line.run;
  }
}

interface OpenRun {
  readonly waves: JournaledWave[];
  readonly outcomes: Map<number, OutcomesLine>;
  end: EndLine | undefined;
}

/** An operation of a run with what became of it. */
export interface JournaledOperation extends JournalOperation {
  readonly number: number;
  readonly result: 'done' | 'refused' | 'unknown';
  /** The kernel's answer to a refused operation. */
  readonly errno?: string;
}

export function operationsOf({ waves }: Pick<JournaledRun, 'waves'>): JournaledOperation[] {
  return waves.flatMap(operationsOfWave);
}

export function operationsOfWave({ first, operations, outcomes }: JournaledWave) {
  const isUnknown = outcomes === undefined || outcomes.lost !== undefined;
  const refused = new Map(outcomes?.refused.map(({ operation, errno }) => [operation, errno]));
  return operations.map((operation, index): JournaledOperation => {
    const number = first + index;
    const errno = refused.get(number);
    if (errno !== undefined) return { ...operation, number, result: 'refused', errno };
    return { ...operation, number, result: isUnknown ? 'unknown' : 'done' };
  });
}
