import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
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
  /** File of the lock (lock.ts). */
  readonly lockPath: string;
}

/**
 * The state of the network namespace that this process is in. The folder is named by the
 * namespace's inode, which every process can read whatever its capabilities are, so that the
 * daemon of a hardened unit and a root shell find the same lock and the same records.
 */
export function systemState(env: NodeJS.ProcessEnv): State {
  const netns = String(statSync('/proc/self/ns/net').ino);
  const runtime = join(env.IPVSTATE_RUNTIME_DIR || '/run/ipvstate', netns);
  return {
    folders: {
      runtime,
      state: join(env.IPVSTATE_STATE_DIR || '/var/lib/ipvstate', netns),
    },
    life: { boot: bootId(), netns },
    clock: SYSTEM_CLOCK,
    lockPath: join(runtime, 'lock'),
  };
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
