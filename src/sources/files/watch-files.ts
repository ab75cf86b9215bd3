import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import { type CpuShare, cpuShare } from '../../model/cpu-share.ts';
import type { Watch, WatchMode, WatchOptions } from '../source.ts';
import { type Chain, resolveChain } from './chain.ts';
import { jittered, systemClock } from './clock.ts';
import { type Debounce, debounce } from './debounce.ts';
import { remoteFilesystem } from './filesystem.ts';
import { type Inotify, type OpenInotify, openInotify } from './inotify.ts';
import { NODES_FOLDER } from './paths.ts';
import { digestOf, readFollowedFiles } from './read-files.ts';
import type { ReadCache } from './read-stable.ts';

/** In milliseconds. */
interface FileWatchTiming {
  /** The longest time before a change is reported while events never cease. */
  readonly ceiling: number;
  /** Between two reads of the content that find changes without an event. */
  readonly safetyRead: number;
  /** Between two reads of the content while events are missing, or may be. */
  readonly poll: number;
  /** Until inotify is tried again after it failed. */
  readonly retry: number;
}

const TIMING: FileWatchTiming = { ceiling: 2000, safetyRead: 5000, poll: 2000, retry: 600_000 };

/** Stand-ins for the machine, for tests. */
export interface FileWatchPorts {
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly openInotify?: OpenInotify;
  /** Tells whether this process can open one more file. */
  readonly canOpenFile?: () => boolean;
  readonly timing?: Partial<FileWatchTiming>;
}

/**
 * Watches files, and folders of them, that need not exist. `cache` is that of the source which
 * reads the same files. The watch does not keep the process alive.
 */
export function watchFiles(
  findPaths: () => Promise<readonly string[]>,
  cache: ReadCache,
  options: WatchOptions,
  ports: FileWatchPorts = {},
): Watch {
  const watch = new FileWatch(findPaths, cache, options, ports);
  watch.report();
  return watch;
}

/** Links may change meanwhile. After so many rounds, the next event or safety read continues. */
const MAX_ROUNDS = 5;

class FileWatch implements Watch {
  readonly #findPaths: () => Promise<readonly string[]>;
  readonly #cache: ReadCache;
  readonly #options: WatchOptions;
  readonly #ports: FileWatchPorts;
  readonly #clock: Clock;
  readonly #timing: FileWatchTiming;
  readonly #debounce: Debounce;
  /** Safety reads take at most their share of a core. */
  readonly #share: CpuShare;
  /** Why the content is polled; undefined while events tell everything. */
  #pollReason: string | undefined;
  /** Why inotify does not work at all. */
  #inotifyFailure: string | undefined;
  #inotify: Inotify | undefined;
  /** Identity of the chains that are watched; undefined when they must be watched anew. */
  #identity: string | undefined;
  /** True when some watches may not be in place: they were not ready, or missed a change. */
  #areWatchesUnsure = false;
  #isClosed = false;
  #working: Promise<void> | undefined;
  #next: (() => Promise<void>) | undefined;
  #cancelRead: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(
    findPaths: () => Promise<readonly string[]>,
    cache: ReadCache,
    options: WatchOptions,
    ports: FileWatchPorts,
  ) {
    const { quietMilliseconds: quiet } = options;
    this.#findPaths = findPaths;
    this.#cache = cache;
    this.#options = options;
    this.#ports = ports;
    this.#clock = ports.clock ?? systemClock;
    this.#share = cpuShare(this.#clock);
    this.#timing = { ...TIMING, ...ports.timing };
    const ceiling = Math.max(this.#timing.ceiling, quiet);
    this.#debounce = debounce(this.#clock, { quiet, ceiling }, () => this.report());
  }

  report(): void {
    if (this.#isClosed) return;
    // A change is reported before the watches move, because moving takes a while. Watches that
    // must move may have missed changes, so moving them ends with a second report.
    const reported = this.#identity === undefined ? undefined : this.#options.onChange();
    this.#work(() => this.#moveAfter(reported));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#debounce.cancel();
    this.#cancelRead?.();
    this.#cancelRetry?.();
    await this.#working;
    await this.#inotify?.close();
    this.#inotify = undefined;
  }

  /** Does one thing at a time. Of everything that is asked for meanwhile, the last is done next. */
  #work(work: () => Promise<void>): void {
    if (this.#isClosed) return;
    if (this.#working) {
      this.#next = work;
      return;
    }
    this.#next = undefined;
    this.#working = work().finally(() => {
      this.#working = undefined;
      if (this.#isClosed) return;
      this.#scheduleRead();
      if (this.#next) this.#work(this.#next);
    });
  }

  /** Moves the watches when the reported change was read. */
  async #moveAfter(reported: unknown): Promise<void> {
    await reported;
    const areMoved = await this.#moveWatches();
    if (areMoved && !this.#isClosed) this.#options.onChange();
  }

  #scheduleRead(): void {
    this.#cancelRead?.();
    const { safetyRead, poll } = this.#timing;
    const usual = Math.max(this.#areWatchesUnsure ? poll : safetyRead, this.#share.pause);
    const delay = jittered(
      this.#pollReason === undefined ? usual : poll,
      this.#ports.random ?? Math.random,
    );
    this.#cancelRead = this.#clock.after(delay, () => this.#work(() => this.#readContent()));
  }

  /** Finds changes without an event: of the content, and of the links that lead to it. */
  async #readContent(): Promise<void> {
    const digest = await this.#share.measure(async () => {
      await this.#moveWatches();
      return digestOf(await readFollowedFiles(await this.#findPaths(), this.#cache));
    });
    if (this.#isClosed || digest === this.#cache.digest) return;
    this.#cache.digest = digest;
    this.#options.onChange();
    if (this.#pollReason === undefined) this.#areWatchesUnsure = true;
  }

  /**
   * Puts the watches on the chains of the paths, until these no longer change meanwhile. Returns
   * false when they are there already.
   */
  async #moveWatches(): Promise<boolean> {
    let areMoved = false;
    for (let round = 0; round < MAX_ROUNDS && !this.#isClosed; round++) {
      const paths = (await this.#findPaths()).flatMap((path) => this.#withNode(path));
      const chains = await Promise.all(paths.map(resolveChain));
      const identity = chains.map((chain) => chain.identity).join('\n');
      if (identity === this.#identity && !this.#areWatchesUnsure) break;
      areMoved = true;
      this.#identity = identity;
      this.#areWatchesUnsure = !(await this.#openInotify(chains));
      await this.#updateMode(chains);
      // The next event or read tries again.
      if (this.#areWatchesUnsure) break;
    }
    return areMoved;
  }

  /** A path, and the folder for the node in it, which need not be there. */
  #withNode(path: string): string[] {
    const { node } = this.#cache;
    return node === undefined ? [path] : [path, join(path, NODES_FOLDER, node)];
  }

  /**
   * Closes the old watches when the new ones are ready: otherwise events in between are lost.
   * Returns false when some of the new ones may not be in place.
   */
  async #openInotify(chains: readonly Chain[]): Promise<boolean> {
    let isReady = true;
    const old = this.#inotify;
    this.#inotify = undefined;
    if (this.#inotifyFailure === undefined && !this.#isClosed) {
      const open = this.#ports.openInotify ?? openInotify;
      const links = chains.flatMap((chain) => chain.links);
      this.#inotify = open(links, this.#clock, {
        onEvent: (isMoved) => {
          if (isMoved) this.#identity = undefined;
          if (!this.#isClosed) this.#debounce.touch();
        },
        onError: (code) => this.#giveUpInotify(code),
      });
      isReady = await this.#inotify.ready;
    }
    await old?.close();
    return isReady;
  }

  #giveUpInotify(code: string): void {
    if (this.#inotifyFailure !== undefined || this.#isClosed) return;
    this.#inotifyFailure = describeFailure(code, this.#ports.canOpenFile ?? canOpenFile);
    this.#identity = undefined;
    this.#cancelRetry = this.#clock.after(this.#timing.retry, () => {
      this.#inotifyFailure = undefined;
      this.#identity = undefined;
      this.report();
    });
    this.report();
  }

  async #updateMode(chains: readonly Chain[]): Promise<void> {
    const folders = new Set(chains.flatMap((chain) => chain.links.map(({ folder }) => folder)));
    const kinds = await Promise.all(
      [...folders].map(async (folder) => ({ folder, kind: await remoteFilesystem(folder) })),
    );
    const remote = kinds.find(({ kind }) => kind !== undefined);
    this.#cache.isRemote = remote !== undefined;
    const reason =
      this.#inotifyFailure ??
      (remote &&
        `${remote.folder} is on ${remote.kind}, where changes made elsewhere raise no event`);
    if (this.#isClosed || reason === this.#pollReason) return;
    this.#pollReason = reason;
    const mode: WatchMode = reason === undefined ? 'inotify' : 'poll';
    this.#options.onMode?.(mode, reason);
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'inotify is exhausted (ENOSPC); raise fs.inotify.max_user_watches',
  EMFILE: 'inotify is exhausted (EMFILE); raise fs.inotify.max_user_instances',
  ENFILE: 'the machine has too many open files (ENFILE); raise fs.file-max',
};

/** EMFILE has two causes: no inotify instance is left to the user, or no file to the process. */
function describeFailure(code: string, canOpen: () => boolean): string {
  if (code === 'EMFILE' && !canOpen())
    return 'the daemon has too many open files (EMFILE); raise its LimitNOFILE, or `ulimit -n`';
  return REMEDIES[code] ?? `something cannot be watched (${code})`;
}

function canOpenFile(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return true;
  } catch {
    return false;
  }
}
