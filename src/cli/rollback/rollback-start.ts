import { IpvstateError } from '../../errors.ts';
import { formatTime } from '../../recovery/clock.ts';
import { wayBeforeRun } from '../../recovery/journal/way-back.ts';
import type { RunRecord } from '../../recovery/records/records.ts';
import { type WayBack, wayOverPasses } from '../../recovery/roll-back.ts';
import type { State } from '../../recovery/state.ts';
import { countOf } from '../../render/count-of.ts';
import { findRun } from '../history/find-run.ts';

/** The table that a rollback leads to, and the way to it. */
export interface RollbackStart {
  readonly way: WayBack;
  /** Follows "to before" in a sentence. */
  readonly title: string;
  /** Tells whether a run is rolled back, so that its record is of no use any more. */
  readonly includes: (id: string) => boolean;
}

/** Starts a rollback of the run on record. Throws `REFUSED` when there is none. */
export function lastApply(last: RunRecord | undefined, { clock }: State): RollbackStart {
  if (!last)
    throw new IpvstateError(
      'REFUSED',
      'nothing to roll back: no apply is on record since the last rollback or the last boot',
      { hint: 'Runs from before can be in `ipvstate history`: see `rollback --to`.' },
    );
  return {
    way: wayOverPasses(last.passes),
    title: `the ${last.verb} of ${formatTime(new Date(last.started), clock.now())}`,
    // One rollback in a row is enough: after it, no older record is used.
    includes: () => true,
  };
}

/**
 * Starts a rollback to the table from before a run of the journal, whose id begins with `to`.
 * Throws `USAGE` for an unknown run, `REFUSED` when there is no way back, `IO` and `PERMISSION`.
 */
export function tableBeforeRun(state: State, to: string): RollbackStart {
  const way = wayBeforeRun(state, findRun(state.folders.state, to));
  const { run, runs } = way;
  const when = formatTime(new Date(run.time), state.clock.now());
  const ids = new Set(runs.map(({ run: id }) => id));
  const over = runs.length === 1 ? '' : `, over ${countOf(runs.length, 'run')}`;
  return {
    way,
    title: `the ${run.verb} of ${when} (run ${run.run})${over}`,
    includes: (id) => ids.has(id),
  };
}
