import { journalParts } from '../../recovery/journal/runs.ts';
import type { State } from '../../recovery/state.ts';
import type { Json } from '../../render/json.ts';
import { historyJson, type Rest, runJson } from './history-json.ts';
import { type RunSummary, summarizeRun } from './summary.ts';

/** Hands over the newest runs that are wanted, and says what follows them and what is damaged. */
export function listRuns(
  state: State,
  { limit, isWanted = () => true }: { limit: number; isWanted?: (run: RunSummary) => boolean },
  use: (run: RunSummary) => void,
): { readonly rest: Rest; readonly problems: readonly string[] } {
  const problems: string[] = [];
  let rest: Rest = 'none';
  let count = 0;
  for (const part of journalParts(state.folders.state)) {
    if (part.kind === 'removed') rest = 'removed';
    if (part.kind === 'damage') problems.push(describeDamage(part.place));
    if (part.kind !== 'run') continue;
    const run = summarizeRun(part.run);
    if (!isWanted(run)) continue;
    if (count === limit) return { rest: 'older', problems };
    count++;
    use(run);
  }
  return { rest, problems };
}

/** The newest runs, as `ipvstate history -o json` prints them. */
export function historyDocument(state: State, limit: number): Json {
  const runs: Json[] = [];
  const { rest, problems } = listRuns(state, { limit }, (run) =>
    runs.push(runJson(run, state.life, { withOperations: false })),
  );
  return historyJson(runs, rest, problems);
}

export function describeDamage(place: string): string {
  return `${place} is damaged, or of a later version, and is left out`;
}
