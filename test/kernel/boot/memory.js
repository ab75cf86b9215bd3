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
 * The folder for the memory of one of so many `guests` that run at the same time: /dev/shm when it
 * has room for all of them, else the ordinary folder for temporary files. Containers get 64 MiB of
 * /dev/shm by default, and a guest that finds it full dies of a bus error in the middle of a test.
 */
export function memoryFolder(size, guests) {
  const needed = bytes(size) * guests;
  try {
    const shm = statfsSync('/dev/shm');
    if (shm.bavail * shm.bsize >= needed) return '/dev/shm';
  } catch {
    // No /dev/shm.
  }
  return tmpdir();
}
