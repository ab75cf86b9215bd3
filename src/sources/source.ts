import type { Readable } from 'node:stream';
import type { SeenRollout } from '../fleet/progress.ts';
import type { EtcdAddress } from './etcd/address.ts';
import type { GenerationStore } from './etcd/followed.ts';

/** One text of a configuration as it was read, such as a file. */
export interface Document {
  /** The name in messages, positions and records. */
  readonly name: string;
  readonly bytes: Buffer;
  /** The node that it is for. Absent: all nodes. */
  readonly node?: string;
  /** True for a pipe, a socket or a device in a folder, which is not read. */
  readonly isSkipped?: boolean;
}

/** A place that a configuration comes from. */
export interface Source {
  /**
   * Reads every document now, in the order in which they are merged. Never returns an empty list
   * because a document is missing. Throws `NO_INPUT` when a document is missing or unreadable,
   * `CONFIG` when it is too large, and `UNSTABLE` while it is being written.
   */
  read(): Promise<readonly Document[]>;
  /** The nodes that have documents of their own, as the last read found. Absent: none ever has. */
  readonly nodes?: readonly string[];
}

/** A source that can be read again and again, as the daemon does. */
export interface FollowedSource extends Source {
  /** Set while the place cannot be read, and `read` returns what was there before. */
  readonly problem?: SourceProblem | undefined;
  /** The rollout by which it gives what it reads. */
  readonly rollout?: SeenRollout | undefined;
  /** Is told that the documents that were read last are valid. */
  keep?(): Promise<void>;
  /** Asks the place now, where a read would only return what the watch has found. */
  refresh?(): Promise<void>;
  watch(options: WatchOptions): Promise<Watch>;
}

/** Why a source that is followed has only what was there before. */
export interface SourceProblem {
  readonly message: string;
  readonly hint?: string;
}

/**
 * `poll`: events do not tell every change, so the content is read every few seconds. `etcd`: every
 * source is in etcd, and watched there.
 */
export type WatchMode = 'inotify' | 'poll' | 'etcd';

export interface WatchOptions {
  /**
   * Called once when the watch begins, and again whenever the documents may have changed. A
   * returned promise should settle when the documents were read.
   */
  readonly onChange: () => unknown;
  /** Called when the mode changes, with the reason for `poll`. A watch begins as `inotify`. */
  readonly onMode?: (mode: WatchMode, reason: string | undefined) => void;
  /** The time without an event after which a change is reported. */
  readonly quietMilliseconds: number;
}

export interface Watch {
  close(): Promise<void>;
}

/** Opens the place that keeps the last valid generation of a configuration in etcd. */
export type GenerationStores = (address: EtcdAddress) => GenerationStore;

/** A row of the table in sources.ts. */
export interface SourceKind {
  /** Tells whether a value of `-f` names a source of this kind. */
  readonly recognise: (path: string) => boolean;
  /**
   * Opens one source for several values of `-f`, to be read once. `stdin` opens stdin. Of the
   * documents for one node, the source has those for `node`; without `node`, those of every node.
   */
  readonly open: (paths: readonly string[], stdin: () => Readable, node?: string) => Source;
  /** Opens one source like `open`, to be followed. Throws `USAGE` when that is not possible. */
  readonly follow: (
    paths: readonly string[],
    node?: string,
    stores?: GenerationStores,
  ) => FollowedSource;
}
