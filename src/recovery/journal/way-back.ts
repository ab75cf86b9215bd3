import { IpvstateError } from '../../errors.ts';
import { rollBackWrites, type Write } from '../../plan/roll-back/writes.ts';
import { formatTime } from '../clock.ts';
import type { WayBack } from '../roll-back.ts';
import { isSameLife, type State } from '../state.ts';
import type { BeginLine } from './journal-lines.ts';
import { writesOfWave } from './journal-writes.ts';
import { journalParts } from './runs.ts';

/** The way back to the table from before a run. */
export interface WayBeforeRun extends WayBack {
  readonly run: BeginLine;
  /** The runs that it leads back over, the newest first. */
  readonly runs: readonly BeginLine[];
}

/**
 * Finds the way back to the table from before a run of the journal. Throws `REFUSED` when the
 * journal does not have all that was changed since, and `IO` and `PERMISSION`.
 */
export function wayBeforeRun({ folders, life, clock }: State, id: string): WayBeforeRun {
  const describe = ({ verb, time, run }: BeginLine): string =>
    `the ${verb} of ${formatTime(new Date(time), clock.now())} (run ${run})`;
  const runs: BeginLine[] = [];
  const newestFirst: (readonly Write[])[] = [];
  for (const part of journalParts(folders.state)) {
    if (part.kind === 'removed') break;
    if (part.kind === 'damage')
      throw refused(
        `${part.place} is damaged, and may have changes that were made since run ${id}`,
      );
    const { begin, waves } = part.run;
    if (!isSameLife(begin, life))
      throw refused(`${describe(begin)} changed a table that is gone since the last boot`);
    runs.push(begin);
    for (const wave of waves.toReversed()) {
      const writes = writesOfWave(wave);
      if (!writes)
        throw refused(`${describe(begin)} is in the journal without the settings from before`);
      newestFirst.push(writes);
    }
    if (begin.run !== id) continue;
    const writes = newestFirst.reverse().flat();
    return {
      run: begin,
      runs,
      setsSysctls: writes.some(({ object }) => object === 'sysctl'),
      rollBack: (live) => rollBackWrites(writes, live),
    };
  }
  throw refused(`run ${id} is no longer in the journal`);
}

function refused(reason: string): IpvstateError {
  return new IpvstateError('REFUSED', `${reason}; nothing was changed`, {
    hint: 'Choose a later run of `ipvstate history`, or apply the files of that time.',
  });
}
