import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder that only its owner can enter, and those above it that are missing. Does nothing
 * when it exists. Throws the error of the file system: the recursive `mkdir` of Node.js gives
 * ENOENT on a read-only file system, and never returns for a path below /proc.
 */
export function makeFolder(path: string): void {
  if (!isMissingAbove(path)) return;
  makeFolder(dirname(path));
  if (isMissingAbove(path)) mkdirSync(path, { mode: 0o700 });
}

/** Makes the folder, unless one above it is missing. Returns true in that case. */
function isMissingAbove(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    return true;
  }
}
