import type { Change } from '../../plan/change.ts';
import { netChanges } from '../../plan/roll-back/net-changes.ts';
import { writesOfWave } from '../../recovery/journal/journal-writes.ts';
import type { JournaledRun, JournaledWave } from '../../recovery/journal/runs.ts';

/**
 * The changes of a run. Those of a run that rolled itself back are the ones that it wanted to make,
 * up to the wave that failed. undefined when the journal does not have all settings.
 */
export function changesOf({ waves, end }: JournaledRun): readonly Change[] | undefined {
  const wanted = end?.outcome === 'rolled-back' ? untilFailure(waves) : waves;
  const writes = wanted.map(writesOfWave);
  return writes.some((list) => list === undefined)
    ? undefined
    : netChanges(writes.flatMap((list) => list ?? []));
}

/** The waves up to the first that failed, as if it had not. The later ones rolled them back. */
function untilFailure(waves: readonly JournaledWave[]): readonly JournaledWave[] {
  const failed = waves.findIndex(
    ({ outcomes }) => !outcomes || outcomes.lost !== undefined || outcomes.refused.length > 0,
  );
  const wanted = failed === -1 ? waves : waves.slice(0, failed + 1);
  return wanted.map((wave) => ({ ...wave, outcomes: undefined }));
}
