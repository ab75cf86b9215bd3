import type { Ipvs } from '../model/ipvs.ts';
import type { Resolver } from './resolve.ts';

/** Everything outside that the front end touches. */
export interface Surroundings {
  /** `argv[0]`, as in the messages. */
  readonly programName: string;
  /** Opens the table; it is closed at the end. */
  readonly ipvs: () => Promise<Ipvs>;
  readonly readStdin: () => Promise<Buffer>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly resolver: Resolver;
  /** The text of /proc/net/ip_vs_conn; undefined when it cannot be opened. */
  readonly readConnections: () => Promise<string | undefined>;
  /** The environment has POSIXLY_CORRECT or POSIX_ME_HARDER. */
  readonly posixlyCorrect?: boolean;
}
