import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { IpvstateError } from '../errors.ts';

/**
 * Replaces a file as a whole or not at all, on the disk when it returns: a reader, or a crash, never meets half of it.
 * `mode` is for a file that is not there yet. Throws `IO`.
 */
export async function writeAtomically(path: string, text: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const existing = (await stat(path).catch(() => undefined))?.mode ?? mode;
    await rm(temporary, { force: true });
    const file = await open(temporary, 'wx', existing & 0o777);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new IpvstateError('IO', `${path} cannot be written (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

/** A rename is on the disk when its folder is. Not every file system can do that, and the file itself is whole either way. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
