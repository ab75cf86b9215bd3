import type { Ipvs } from '../model/ipvs.ts';
import { stackWithJournal } from './ipvs-stack.ts';
import { closeCutOff, findCutOff } from './journal/cut-off.ts';
import { Journal } from './journal/journal.ts';
import { takeLock } from './lock.ts';
import { newRunId } from './session.ts';
import type { State } from './state.ts';

/**
 * A run of a program that ipvstate replaces, such as ipvsadm. Like every writer it has the lock and
 * a journal. It leaves the records of other runs alone, and prints nothing.
 */
export interface FrontEndRun {
  readonly ipvs: Ipvs;
  /** Begins the run in the journal. To be called before the first operation. */
  readonly announce: (operations: number) => void;
  readonly end: (exitCode: number) => Promise<void>;
}

/**
 * A larger run is journaled without settings: they would take a tenth of the time of `ipvsadm -R`,
 * and push half of the history out of the journal.
 */
const MAX_DETAILED = 1000;

/** Takes the lock. Throws `LOCKED` after the timeout, and what opening the lock throws. */
export async function beginFrontEndRun(
  ipvs: Ipvs,
  state: State,
  {
    verb,
    ...lockOptions
  }: { readonly verb: string } & {
    readonly timeoutSeconds: number;
    readonly waitHint: string;
  },
): Promise<FrontEndRun> {
  const { clock, lockPath } = state;
  const lock = await takeLock(lockPath, { command: `ipvstate ${verb}`, clock, ...lockOptions });
  endCutOffRun(state);
  const journal = new Journal(state, newRunId(state), () => {});
  let isLarge = false;
  return {
    ipvs: stackWithJournal(ipvs, journal, { isBrief: () => isLarge, readsFirst: true }),
    announce: (operations) => {
      isLarge = operations > MAX_DETAILED;
      journal.begin({ verb, trigger: 'command', files: [], changes: operations, operations });
    },
    end: async (exitCode) => {
      journal.end(exitCode === 0 ? 'applied' : 'partial', exitCode);
      await lock.release();
    },
  };
}

/** Ends a run that was cut off, in the journal only: what ipvsadm prints must not change. */
function endCutOffRun(state: State): void {
  try {
    const found = findCutOff(state.folders.state);
    if (found) closeCutOff(state, found);
  } catch {
    // A journal that cannot be read stops no change.
  }
}
