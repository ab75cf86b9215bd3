import type { Readable } from 'node:stream';
import type { RecoveryEnvironment } from '../recovery/environment.ts';
import type { Output } from './output.ts';

/** Everything of the outside world that a verb may use; tests bring their own. */
export interface Environment extends RecoveryEnvironment {
  /** The name that the program was started under, without its folder. */
  readonly programName: string;
  readonly version: string;
  /** To be called once. */
  readonly stdin: () => Readable;
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Asks on the terminal; undefined when there is nobody to ask. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /**
   * From the first call on, SIGINT and SIGTERM abort the signal, with the exit code as its reason, instead of ending the process. Says so
   * on stderr unless it is called with `silently`: a log has a format of its own.
   */
  readonly interruption: (silently?: boolean) => AbortSignal;
}
