import type { Ipvs } from '../model/ipvs.ts';
import type { Resolver } from './resolve.ts';

/** The connections of the program with the world outside. Tests replace them. */
export interface ProgramIo {
  /** `argv[0]`, for messages. */
  readonly programName: string;
  /** Opens the table. The program closes it at the end. */
  readonly ipvs: () => Promise<Ipvs>;
  readonly readStdin: () => Promise<Buffer>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly resolver: Resolver;
  /** The text of /proc/net/ip_vs_conn; undefined when the file cannot be opened. */
  readonly readConnections: () => Promise<string | undefined>;
  /** True when the environment has POSIXLY_CORRECT or POSIX_ME_HARDER. */
  readonly posixlyCorrect?: boolean;
}
