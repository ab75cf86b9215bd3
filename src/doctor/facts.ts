import type { Fact } from '../kernel/facts/fact.ts';
import type { FolderFacts, SourceFacts } from '../kernel/facts/folders.ts';
import type { KernelFacts } from '../kernel/facts/machine.ts';
import type { Desired } from '../model/desired.ts';
import type { Pause } from '../model/pause.ts';
import type { LockState } from '../recovery/lock-state.ts';
import type { Finding } from './finding.ts';

/** The facts that need no kernel. */
export interface ProgramFacts {
  /** Such as `22.12.0`. */
  readonly nodeVersion: string;
  readonly now: Date;
  /** undefined: there are no valid files. */
  readonly desired: Desired | undefined;
  readonly sources: readonly Fact<SourceFacts>[];
}

interface Folder {
  readonly path: string;
  readonly facts: Fact<FolderFacts>;
}

/** All facts that a check may ask for. */
export interface Facts extends ProgramFacts {
  readonly kernel: KernelFacts;
  /** The user that this process runs as. */
  readonly uid: number;
  readonly runtime: Folder;
  readonly state: Folder;
  readonly lock: Fact<LockState>;
  /** The pause that is in force. undefined: the daemon is not paused. */
  readonly pause: Fact<Pause | undefined>;
  /** True when a service of systemd says that the clock is synchronised. */
  readonly isClockSynchronized: Fact<boolean>;
}

/** A check about the machine. It returns nothing when the facts do not concern it. */
export interface Check<F extends ProgramFacts = Facts> {
  readonly name: string;
  readonly examine: (facts: F) => readonly Finding[];
}
