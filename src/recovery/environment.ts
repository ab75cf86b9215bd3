import type { Ipvs } from '../model/ipvs.ts';
import type { Background } from './background.ts';
import type { State } from './state.ts';

/** The system as recovery sees it. Tests bring their own. */
export interface RecoveryEnvironment {
  /** The state of this network namespace. */
  readonly state: () => Promise<State>;
  readonly openKernel: () => Promise<Ipvs>;
  readonly background: Background;
  readonly output: {
    /** Prints an error or a warning on stderr. */
    warn(text: string): void;
    /** Prints a remark on stderr, unless `--quiet` was given. */
    note(text: string): void;
    /** Shows a line on a terminal, which replaces the one before. */
    progress(text: string): void;
  };
  /** From the first call on, SIGINT and SIGTERM abort the signal. Its reason is the exit code. */
  readonly interruption: () => AbortSignal;
}
