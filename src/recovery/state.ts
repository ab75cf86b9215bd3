import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';

/** One folder per network namespace in each of two places: the kernel has one IPVS table per namespace. */
export interface StateFolders {
  /** For what lives as long as the kernel's table. */
  readonly runtime: string;
  /** For what outlives a reboot. */
  readonly state: string;
}

/** What tells one kernel table from the next: a record of another one is void. */
export interface TableLife {
  /** `/proc/sys/kernel/random/boot_id`. */
  readonly boot: string;
  /** Inode of the network namespace. */
  readonly netns: string;
}

/** Where records are kept, whose table they are about, and the time. */
export interface State {
  readonly folders: StateFolders;
  readonly life: TableLife;
  readonly clock: Clock;
  /** Abstract Unix socket (state/lock.ts). */
  readonly lockName: string;
}

const LOCK_NAME = '\0ipvstate';

/** The state of the network namespace that this process is in. */
export function systemState(env: NodeJS.ProcessEnv): State {
  const { netns, folder } = networkNamespace();
  return {
    folders: {
      runtime: join(
        own(env.RUNTIME_DIRECTORY) ?? env.IPVSTATE_RUNTIME_DIR ?? '/run/ipvstate',
        folder,
      ),
      state: join(
        own(env.STATE_DIRECTORY) ?? env.IPVSTATE_STATE_DIR ?? '/var/lib/ipvstate',
        folder,
      ),
    },
    life: { boot: bootId(), netns },
    clock: SYSTEM_CLOCK,
    lockName: LOCK_NAME,
  };
}

/** systemd's variables, which are lists. A unit that merely calls this program, such as a deployment agent's, names folders of its own. */
function own(list: string | undefined): string | undefined {
  return list?.split(':').find((path) => basename(path).startsWith('ipvstate'));
}

function networkNamespace(): { netns: string; folder: string } {
  const netns = String(statSync('/proc/self/ns/net', { throwIfNoEntry: false })?.ino ?? 'unknown');
  return { netns, folder: netns === initialNamespace() ? 'host' : netns };
}

/** That of the first process, where one may look at it. */
function initialNamespace(): string | undefined {
  try {
    return String(statSync('/proc/1/ns/net').ino);
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

export function isSameLife(a: TableLife, b: TableLife): boolean {
  return a.boot === b.boot && a.netns === b.netns;
}
