import type { State } from '../state.ts';
import { Journal, journalFiles } from './journal.ts';
import type { BeginLine } from './journal-lines.ts';
import { linesNewestFirst } from './newest-first.ts';
import { parseLine } from './parse-line.ts';

/** A run that has no end in the journal. */
interface CutOff {
  readonly begin: BeginLine;
  /** The number of operations that the kernel answered. */
  readonly answered: number;
}

/**
 * Finds the last run, when the journal has no end of it. Only the holder of the lock may ask: a run
 * that goes on has no end either. Throws `IO` and `PERMISSION`.
 */
export function findCutOff(folder: string): CutOff | undefined {
  let answered = 0;
  let run: string | undefined;
  for (const { text } of linesNewestFirst(journalFiles(folder))) {
    const line = parseLine(text);
    if (!line || (run !== undefined && line.run !== run)) continue;
    if (line.type === 'end') return undefined;
    run = line.run;
    if (line.type === 'outcomes') answered += line.done + line.refused.length;
    if (line.type === 'begin') return { begin: line, answered };
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
