import type { Pause } from '../../model/pause.ts';
import type { Report } from '../../plan/report.ts';
import type { LoopState, PassResult } from './loop-state.ts';

/** A pause that an operator asks for. */
export interface PauseRequest extends Pick<Pause, 'who' | 'reason'> {
  /** undefined: until an operator ends it. */
  readonly seconds: number | undefined;
  /** Services by address or name, with `*` for any characters. Empty: the whole table. */
  readonly only: readonly string[];
}

/** The result of work on overrides. */
export interface OverrideWork {
  /** undefined: nothing was planned. */
  readonly report: Report | undefined;
}

export interface Loop {
  readonly state: LoopState;
  /** Reads the files, which may have changed. Resolves with the pass that did. */
  look(): Promise<PassResult>;
  /**
   * Reads the files and the table now, and tries contested objects again. Resolves with the pass
   * that did; files that remove something are read twice before.
   */
  reload(): Promise<PassResult>;
  /**
   * Reads the files, and executes the refused plan of this fingerprint once, if it is still the
   * plan. Then tries contested objects again.
   */
  approve(fingerprint: string): Promise<PassResult>;
  /**
   * Stores a pause in place of an earlier one. Resolves with the pass after which nothing more is
   * written. Throws `USAGE` for a service that is not known, and `IO`.
   */
  pause(request: PauseRequest): Promise<PassResult>;
  /** Ends the pause. Resolves with the pass that follows. Throws `IO`. */
  resume(): Promise<PassResult>;
  /**
   * Does work on overrides between two passes, and then a pass. Resolves and rejects as the work
   * does, after the pass. Throws `UNAVAILABLE` when the loop is stopped.
   */
  between<T extends OverrideWork>(work: () => Promise<T>): Promise<T>;
  /** Plans again, because the health of a destination changed. */
  healthChanged(): void;
  /** Puts into the state how the files are watched. */
  setWatchMode(mode: LoopState['watch']['mode'], reason: string | undefined): void;
  /** Ends after the operations in flight, and leaves the table as it is. */
  stop(): Promise<void>;
  /**
   * Resolves when the loop was stopped. Rejects when it cannot go on: `PERMISSION` in the first
   * pass, or a bug.
   */
  readonly done: Promise<void>;
}
