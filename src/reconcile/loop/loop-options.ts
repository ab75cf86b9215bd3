import type { Clock } from '../../model/clock.ts';
import type { Ipvs } from '../../model/ipvs.ts';
import type { PauseStore } from '../../model/pause.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { BackOff } from './back-off.ts';
import type { LoadedFiles } from './config-state.ts';
import { CONTEST_RULES, type ContestRules } from './contest.ts';
import type { OverrideWork } from './loop-interface.ts';
import type { DriftMode, LoopState } from './loop-state.ts';
import type { PassPorts } from './pass-interface.ts';

/** In milliseconds. */
export interface LoopTiming {
  /** Between two reads of the fingerprint of the live table. Default: 5000. */
  readonly interval: number;
  /** Between two full reads of the files and the table, a tenth more or less. Default: 5 min. */
  readonly resync: number;
  /** Between two reads of files that remove something, or that are being written. Default: 250. */
  readonly secondRead: number;
  readonly backOff: BackOff;
  readonly contest: ContestRules;
}

export const LOOP_TIMING: LoopTiming = {
  interval: 5000,
  resync: 300_000,
  secondRead: 250,
  backOff: { first: 1000, most: 60_000 },
  contest: CONTEST_RULES,
};

/** Resyncs of a large table take only their share of a core, but come at least so often. */
export const RESYNC_MOST = 1_800_000;

export interface LoopOptions extends Omit<PassPorts, 'ipvs' | 'signal'> {
  /**
   * Opens the table for one pass. `interruption` ends the first read of the whole table with
   * `ABORTED`: the pass has not written by then.
   */
  readonly openTable: (interruption: AbortSignal | undefined) => Ipvs;
  readonly clock: Clock;
  /**
   * Reads and parses the files. Throws `NO_INPUT`, `CONFIG`, or `UNSTABLE` when a file is being
   * written.
   */
  readonly load: () => Promise<LoadedFiles>;
  /**
   * Returns a value that differs when the live table does. It is read every interval. Without it,
   * the whole table is read instead.
   */
  readonly fingerprint?: () => Promise<string>;
  /** The names of the network interfaces. A refused part is tried again when they change. */
  readonly interfaces?: () => Promise<string>;
  /**
   * The names of the kernel's sysctls. One that it did not have, such as while its module was
   * loaded anew, is tried again when it has it.
   */
  readonly sysctls?: () => Promise<readonly string[]>;
  /** Default: `correct`. */
  readonly drift?: DriftMode;
  /** The protected services when the last loop stopped. */
  readonly protectedServices?: ReadonlySet<ServiceKey>;
  readonly timing?: Partial<LoopTiming>;
  /** In [0, 1). */
  readonly random?: () => number;
  /** The record of the pause. Without it, the loop cannot be paused. */
  readonly pauses?: PauseStore;
  /**
   * Moves and ends overrides that are due, and changes nothing else. Never throws. Called before a
   * pass that does not write.
   */
  readonly settleOverrides?: () => Promise<OverrideWork>;
  /** Called with every new state, before anything else happens. */
  readonly onState?: (state: LoopState, previous: LoopState) => void;
}
