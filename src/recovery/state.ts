import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isText } from '../model/shape.ts';
import { type Caller, systemCaller } from './caller.ts';
import { type RecordClock, SYSTEM_CLOCK } from './clock.ts';
import { readIfPresentSync } from './records/read.ts';

/** Two folders for each network namespace, because the kernel has one IPVS table for each. */
interface StateFolders {
  /** For files that are void after a reboot, as the kernel's table is. */
  readonly runtime: string;
  /** For files that outlive a reboot. */
  readonly state: string;
}

/** Identifies one life of a kernel's table. A record of another one is void. */
export interface TableLife {
  /** `/proc/sys/kernel/random/boot_id`. */
  readonly boot: string;
  /** The inode of the network namespace. */
  readonly netns: string;
}

/** The members of a record that say which life it is about. */
export const LIFE_SHAPE = { boot: isText, netns: isText };

/** Where records are kept, which table they are about, who writes them, and the clock. */
export interface State {
  readonly folders: StateFolders;
  readonly life: TableLife;
  readonly caller: Caller;
  readonly clock: RecordClock;
  /** File of the lock (lock.ts). */
  readonly lockPath: string;
}

/**
 * The state of the network namespace that this process is in. The folder is named by the
 * namespace's inode, which every process can read whatever its capabilities are, so that the
 * daemon of a hardened unit and a root shell find the same lock and the same records. Throws `IO`
 * when the boot cannot be told: records of this boot would look like those of another. `argv`
 * begins with the path of the program.
 */
export function systemState(env: NodeJS.ProcessEnv, argv = process.argv.slice(1)): State {
  const netns = String(statSync('/proc/self/ns/net').ino);
  const runtime = join(env.IPVSTATE_RUNTIME_DIR || '/run/ipvstate', netns);
  return {
    folders: {
      runtime,
      state: join(env.IPVSTATE_STATE_DIR || '/var/lib/ipvstate', netns),
    },
    life: { boot: bootId(), netns },
    caller: systemCaller(env, argv),
    clock: SYSTEM_CLOCK,
    lockPath: join(runtime, 'lock'),
  };
}

function bootId(): string {
  return readIfPresentSync('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown';
}

export function isSameLife(a: TableLife, b: TableLife): boolean {
  return a.boot === b.boot && a.netns === b.netns;
}
