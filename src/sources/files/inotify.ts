import { basename, dirname } from 'node:path';
import { watch } from 'chokidar';
import type { Clock } from '../../model/clock.ts';
import type { Link } from './chain.ts';

export interface Inotify {
  /** Resolves to true when all watches are in place, and to false when that does not come. */
  readonly ready: Promise<boolean>;
  close(): Promise<void>;
}

export interface InotifyHandlers {
  /** A link may have changed. `isMoved`: a watched folder was moved, and the watch with it. */
  readonly onEvent: (isMoved: boolean) => void;
  /** A folder or file cannot be watched; `code` is the name of the errno. */
  readonly onError: (code: string) => void;
}

export type OpenInotify = (
  links: readonly Link[],
  clock: Clock,
  handlers: InotifyHandlers,
) => Inotify;

/**
 * chokidar never becomes ready when a folder vanishes while it is listed. On a busy machine it may
 * also need longer.
 */
const READY_TIMEOUT_MILLISECONDS = 2000;

/**
 * Watches the folders of the links, and the linked files themselves, which may be written through
 * another name. Other names are ignored. Takes chokidar's raw events, because chokidar delays,
 * joins and drops some of them before it reports a change.
 */
export const openInotify: OpenInotify = (links, clock, { onEvent, onError }) => {
  const names = new Map<string, Set<string | undefined>>();
  for (const { folder, name } of links)
    names.set(folder, (names.get(folder) ?? new Set()).add(name));
  const isLink = (path: string): boolean => {
    const own = names.get(dirname(path));
    return own !== undefined && (own.has(basename(path)) || own.has(undefined));
  };
  // A persistent watcher would share watches by path, perhaps with those of a removed folder.
  const watcher = watch([...names.keys()], {
    persistent: false,
    ignoreInitial: true,
    followSymlinks: false,
    depth: 0,
    atomic: false,
    awaitWriteFinish: false,
    ignored: (path) => !names.has(path) && !isLink(path),
  });
  watcher.on('raw', (event, name: string | null, details) => {
    const { watchedPath } = details as { readonly watchedPath: string };
    const own = names.get(watchedPath);
    const isMoved = own !== undefined && event === 'rename' && name === basename(watchedPath);
    const concerns = own === undefined || name === null || own.has(name) || own.has(undefined);
    if (isMoved || concerns) onEvent(isMoved);
  });
  watcher.on('all', () => onEvent(false));
  watcher.on('error', (error) => onError((error as NodeJS.ErrnoException).code ?? String(error)));
  const ready = new Promise<boolean>((resolve) => {
    const cancel = clock.after(READY_TIMEOUT_MILLISECONDS, () => resolve(false));
    watcher.on('ready', () => {
      cancel();
      resolve(true);
    });
  });
  return { ready, close: () => watcher.close() };
};
