// User-Mode Linux keeps the guest's memory in a sparse file and prefers a tmpfs for it.
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const units = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

function bytes(size) {
  const match = /^(\d+)([KMG])$/i.exec(size);
  if (match === null) throw new Error(`memory size ${size}: write it as 512M or 2G`);
  return Number(match[1]) * units[match[2].toUpperCase()];
}

/**
 * The folder for that file: /dev/shm only when it has room for all of it (containers get 64 MiB by default, and the guest then dies
 * of a bus error in the middle of a test), else the ordinary folder for temporary files.
 */
export function memoryFolder(size) {
  const needed = bytes(size);
  try {
    const shm = statfsSync('/dev/shm');
    if (shm.bavail * shm.bsize >= needed) return '/dev/shm';
  } catch {
    // No /dev/shm.
  }
  return tmpdir();
}
