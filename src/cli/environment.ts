import type { Readable } from 'node:stream';
import type { Machine } from '../kernel/facts/machine.ts';
import type { RecoveryEnvironment } from '../recovery/environment.ts';
import type { Keyboard } from './keyboard.ts';
import type { Output } from './output.ts';

/** The outside world that a verb may use. Tests bring their own. */
export interface Environment extends RecoveryEnvironment {
  /** Name that the program was started under, without its folder. */
  readonly programName: string;
  readonly version: string;
  /** Opens stdin. Call it once. */
  readonly stdin: () => Readable;
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Tells, without loading its module, that the kernel has IPVS. */
  readonly hasIpvs: () => boolean;
  /** The machine that `doctor` looks at. */
  readonly machine: () => Promise<Machine>;
  /** Asks a question on the terminal. undefined without a terminal. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Takes the keys of the terminal. undefined when stdin is not a terminal. */
  readonly keyboard: () => Keyboard | undefined;
  /**
   * From the first call on, SIGINT and SIGTERM abort the signal instead of ending the process. The
   * reason of the abort is the exit code. A message on stderr says so, unless `silently` is true:
   * the daemon writes to its log instead.
   */
  readonly interruption: (silently?: boolean) => AbortSignal;
}
