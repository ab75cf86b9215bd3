import { type Fact, factOf, ifPresent } from '../kernel/facts/fact.ts';
import type { MachineFiles } from '../kernel/facts/machine-files.ts';
import { type Holder, parseHolder } from './lock.ts';

/** The lock of a network namespace, as another process sees it. */
export interface LockState {
  readonly isHeld: boolean;
  /** The process that wrote itself into the file: the holder, or one that was killed. */
  readonly holder: Holder | undefined;
  /** True when there is a process with the pid of the holder. */
  readonly isHolderRunning: boolean;
}

/**
 * Reads who holds the lock, and leaves the lock alone: a look that took it for a moment could make
 * a command of another process fail.
 */
export async function readLockState(files: MachineFiles, path: string): Promise<Fact<LockState>> {
  return factOf(path, async () => {
    const status = await ifPresent(() => files.stat(path));
    if (status === undefined) return { isHeld: false, holder: undefined, isHolderRunning: false };
    const locks = await files.read('/proc/locks');
    const holder = parseHolder(await files.read(path));
    const comm = holder && (await ifPresent(() => files.read(`/proc/${holder.pid}/comm`)));
    return {
      isHeld: locks.includes(` ${formatFile(status.device, status.inode)} `),
      holder,
      isHolderRunning: comm !== undefined,
    };
  });
}

/** A file as /proc/locks names it: `08:01:1234`, the device in hexadecimal digits. */
function formatFile(device: bigint, inode: bigint): string {
  const hex = (value: bigint): string => value.toString(16).padStart(2, '0');
  // glibc: gnu_dev_major, gnu_dev_minor.
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return `${hex(major)}:${hex(minor)}:${inode}`;
}
