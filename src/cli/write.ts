import { open, rename, rm, stat } from 'node:fs/promises';
import { IpvstateError } from '../errors.ts';

/** Replaces a file as a whole or not at all: a reader, or a crash, never meets half of it. Throws `IO`. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const mode = (await stat(path).catch(() => undefined))?.mode ?? 0o644;
    const file = await open(temporary, 'wx', mode & 0o777);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new IpvstateError('IO', `${path} cannot be written (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}
