import { type Chain, resolveChain } from './chain.ts';
import { type Clock, jittered, systemClock } from './clock.ts';
import { type Debounce, debounce } from './debounce.ts';
import { remoteFilesystem } from './filesystem.ts';
import { type Inotify, type OpenInotify, openInotify } from './inotify.ts';
import { readSources } from './read-sources.ts';
import { SourceCache } from './read-stable.ts';

/** `poll`: events do not tell everything, so the content is read every 2 s. */
export type WatchMode = 'inotify' | 'poll';

/** In milliseconds. */
export interface WatchTiming {
  /** How long it must be quiet before files are looked at. Default 250. */
  readonly quiet: number;
  /** How long they are not looked at while it never is. Default 2000. */
  readonly ceiling: number;
  /** Between two reads of the content as a safety net. Default 5000, and 2000 when polling. */
  readonly net: number;
  readonly poll: number;
  /** Until what could not be watched is tried again. Default 10 min. */
  readonly retry: number;
}

export const WATCH_TIMING: WatchTiming = {
  quiet: 250,
  ceiling: 2000,
  net: 5000,
  poll: 2000,
  retry: 600_000,
};

export interface WatchOptions {
  /**
   * Look at the files again: they may have changed. Called once when the watch begins, and from then on never while it is quiet. What
   * it returns is waited for before the watches move, which takes a while and would slow the look down.
   */
  readonly onLook: () => unknown;
  /** The mode is another one, and why; said once however often the cause comes back. It begins as `inotify`. */
  readonly onMode?: (mode: WatchMode, reason: string | undefined) => void;
  readonly clock?: Clock;
  readonly timing?: Partial<WatchTiming>;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly openInotify?: OpenInotify;
  /** Shared with whoever reads the same files. */
  readonly cache?: SourceCache;
}

export interface FileWatch {
  readonly mode: WatchMode;
  /** Tells which content (`Sources.digest`) was last looked at, so that the next read of the net is compared with it. */
  saw(digest: string): void;
  close(): Promise<void>;
}

/** Watches files, and folders of them, that need not exist. The process must be kept alive by something else. */
export function watchFiles(paths: readonly string[], options: WatchOptions): FileWatch {
  const watch = new Watch(paths, options);
  watch.look();
  return watch;
}

/** The chain changes while it is being watched; after so many rounds the next event or poll goes on. */
const MAX_ROUNDS = 5;

/** Of one core, for the net beside events; but at least one read in two minutes. */
const NET_SHARE = 0.001;
const NET_MOST = 120_000;

class Watch implements FileWatch {
  readonly #paths: readonly string[];
  readonly #options: WatchOptions;
  readonly #clock: Clock;
  readonly #timing: WatchTiming;
  readonly #debounce: Debounce;
  readonly #cache: SourceCache;
  #mode: WatchMode = 'inotify';
  #reason: string | undefined;
  /** Why there are no events at all. */
  #deafness: string | undefined;
  #inotify: Inotify | undefined;
  /** What the watches are on; undefined when they must be made anew. */
  #identity: string | undefined;
  #seen: string | undefined;
  #isClosed = false;
  #working: Promise<void> | undefined;
  #next: (() => Promise<void>) | undefined;
  /** What the last poll took, in milliseconds. */
  #pollCost = 0;
  #cancelPoll: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(paths: readonly string[], options: WatchOptions) {
    this.#paths = paths;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#cache = options.cache ?? new SourceCache();
    this.#timing = { ...WATCH_TIMING, ...options.timing };
    this.#debounce = debounce(this.#clock, this.#timing, () => this.look());
  }

  get mode(): WatchMode {
    return this.#mode;
  }

  saw(digest: string): void {
    this.#seen = digest;
  }

  look(): void {
    if (this.#isClosed) return;
    // Where the watches are, nobody needs to wait for them; where they have to move, what happened meanwhile takes a second look.
    const looked = this.#identity === undefined ? undefined : this.#options.onLook();
    this.#work(() => this.#follow(looked));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#debounce.cancel();
    this.#cancelPoll?.();
    this.#cancelRetry?.();
    await this.#working;
    await this.#inotify?.close();
    this.#inotify = undefined;
  }

  /** One thing at a time; of all that is asked for meanwhile, the last thing follows. */
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
      this.#schedulePoll();
      if (this.#next) this.#work(this.#next);
    });
  }

  /** Moves the watches after a look. */
  async #follow(looked: unknown): Promise<void> {
    await looked;
    const before = this.#identity;
    await this.#rewatch();
    if (this.#identity !== before && !this.#isClosed) this.#options.onLook();
  }

  #schedulePoll(): void {
    this.#cancelPoll?.();
    const { net, poll } = this.#timing;
    const spared = Math.max(net, Math.min(NET_MOST, this.#pollCost / NET_SHARE));
    const delay = jittered(
      this.#mode === 'poll' ? poll : spared,
      this.#options.random ?? Math.random,
    );
    this.#cancelPoll = this.#clock.after(delay, () => this.#work(() => this.#poll()));
  }

  /** Looks whether there is anything to look at, and whether the watches are still on the right things. */
  async #poll(): Promise<void> {
    const start = this.#clock.now();
    await this.#rewatch();
    const { digest } = await readSources(this.#paths, this.#cache);
    this.#pollCost = this.#clock.now() - start;
    if (this.#isClosed || digest === this.#seen) return;
    this.#seen = digest;
    this.#options.onLook();
  }

  /** Puts the watches on what the paths lead to now, and looks again whether they still lead there. */
  async #rewatch(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS && !this.#isClosed; round++) {
      const chains = await Promise.all(this.#paths.map(resolveChain));
      const identity = chains.map((chain) => chain.identity).join('\n');
      if (identity === this.#identity) return;
      this.#identity = identity;
      await this.#open(chains);
      await this.#updateMode(chains);
    }
  }

  /** The old watches go when the new ones are there: between them nothing would be seen. */
  async #open(chains: readonly Chain[]): Promise<void> {
    const old = this.#inotify;
    this.#inotify = undefined;
    if (this.#deafness === undefined && !this.#isClosed) {
      const open = this.#options.openInotify ?? openInotify;
      const links = chains.flatMap((chain) => chain.links);
      this.#inotify = open(links, this.#clock, {
        onEvent: (isMoved) => {
          if (isMoved) this.#identity = undefined;
          if (!this.#isClosed) this.#debounce.touch();
        },
        onError: (code) => this.#goDeaf(code),
      });
      await this.#inotify.ready;
    }
    await old?.close();
  }

  #goDeaf(code: string): void {
    if (this.#deafness !== undefined || this.#isClosed) return;
    this.#deafness = deafness(code);
    this.#identity = undefined;
    this.#cancelRetry = this.#clock.after(this.#timing.retry, () => {
      this.#deafness = undefined;
      this.#identity = undefined;
      this.look();
    });
    this.look();
  }

  async #updateMode(chains: readonly Chain[]): Promise<void> {
    const folders = new Set(chains.flatMap((chain) => chain.links.map(({ folder }) => folder)));
    const kinds = await Promise.all(
      [...folders].map(async (folder) => ({ folder, kind: await remoteFilesystem(folder) })),
    );
    const remote = kinds.find(({ kind }) => kind !== undefined);
    this.#cache.isRemote = remote !== undefined;
    const reason =
      this.#deafness ??
      (remote &&
        `${remote.folder} is on ${remote.kind}, where changes made elsewhere raise no event`);
    if (this.#isClosed || reason === this.#reason) return;
    this.#reason = reason;
    this.#mode = reason === undefined ? 'inotify' : 'poll';
    this.#options.onMode?.(this.#mode, reason);
  }
}

const SYSCTLS: Readonly<Record<string, string>> = {
  ENOSPC: 'fs.inotify.max_user_watches',
  EMFILE: 'fs.inotify.max_user_instances',
};

function deafness(code: string): string {
  const sysctl = SYSCTLS[code];
  return sysctl
    ? `inotify is exhausted (${code}); raise ${sysctl}`
    : `something cannot be watched (${code})`;
}
