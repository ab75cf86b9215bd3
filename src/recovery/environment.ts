import type { Ipvs } from '../model/ipvs.ts';
import type { Background } from './background.ts';
import type { State } from './state.ts';

/** The parts of the outside world that recovery uses; tests bring their own. */
export interface RecoveryEnvironment {
  /** Records of the table of this network namespace. */
  readonly state: () => Promise<State>;
  readonly openKernel: () => Promise<Ipvs>;
  readonly background: Background;
  readonly output: {
    /** An error or a warning on stderr. */
    warn(text: string): void;
    /** A remark on stderr that `--quiet` leaves out. */
    note(text: string): void;
    /** One line on a terminal that the next one replaces. */
    progress(text: string): void;
  };
  /** From the first call on, SIGINT and SIGTERM abort the signal, with the exit code as its reason. */
  readonly interruption: () => AbortSignal;
}
