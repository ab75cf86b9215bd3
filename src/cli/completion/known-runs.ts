import { formatDateTime } from '../../recovery/clock.ts';
import { journalParts } from '../../recovery/journal/runs.ts';
import type { Environment } from '../environment.ts';
import type { Candidate } from './complete.ts';

/** More runs are of no use at a prompt. */
const MAX_RUNS = 20;

/** The newest runs of the journal; none when it cannot be read. */
export async function knownRuns(environment: Environment): Promise<Candidate[]> {
  const runs: Candidate[] = [];
  try {
    const { folders } = await environment.state();
    for (const part of journalParts(folders.state)) {
      if (part.kind !== 'run') continue;
      const { run, verb, time } = part.run.begin;
      if (
        runs.push({ word: run, about: `${verb} of ${formatDateTime(new Date(time))}` }) >= MAX_RUNS
      )
        break;
    }
  } catch {
    // A person who completes a word wants no error.
  }
  return runs;
}
