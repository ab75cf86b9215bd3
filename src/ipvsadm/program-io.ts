import type { Ipvs } from '../model/ipvs.ts';
import type { Resolver } from './resolve.ts';

/** A run that changes the table. No other writer changes the table until the program ends. */
export interface ChangeRun {
  readonly ipvs: Ipvs;
  /** Says how much will be changed. To be called before the first change. */
  readonly announce: (operations: number) => void;
  /** Aborts when a signal asks to stop between two changes. Its reason is the exit status. */
  readonly signal: AbortSignal;
}

/** The connections of the program with the world outside. Tests replace them. */
export interface ProgramIo {
  /** `argv[0]`, for messages. */
  readonly programName: string;
  /** Opens the table. The program closes it at the end. */
  readonly ipvs: () => Promise<Ipvs>;
  /**
   * Waits for other writers, and prepares the opened table for changes. Throws an `IpvstateError`
   * when the table may not be changed now.
   */
  readonly beginChanges: (ipvs: Ipvs) => Promise<ChangeRun>;
  readonly readStdin: () => Promise<Buffer>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly resolver: Resolver;
  /** The text of /proc/net/ip_vs_conn; undefined when the file cannot be opened. */
  readonly readConnections: () => Promise<string | undefined>;
  /** True when the environment has POSIXLY_CORRECT or POSIX_ME_HARDER. */
  readonly posixlyCorrect?: boolean;
}
