import type { Stats } from 'node:fs';
import { lstat, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { IpvstateError, isAbsent } from '../../errors.ts';

/**
 * Replaces a file as a whole or not at all. A reader never sees half of it, and neither does the
 * next boot: it is on the disk when this returns. The mode, the owner and links to the file stay;
 * `mode` is for a new file. A device or a pipe is written directly. Throws `IO`.
 */
export async function writeAtomically(path: string, text: string, mode = 0o644): Promise<void> {
  try {
    const target = await realpath(path).catch(absent(path));
    const before = await stat(target).catch(absent(undefined));
    if (before && !before.isFile()) await writeFile(target, text);
    else await replace(target, text, mode, before);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/**
 * Replaces a regular file like `writeAtomically`, and never follows a symbolic link: where another
 * user can write to the folder, the link can lead to any file. Throws `IO`.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  try {
    const stats = await lstat(path);
    if (stats.isSymbolicLink())
      throw new IpvstateError('IO', `${path} is a symbolic link, and is not followed`, {
        hint: `Name the file that it leads to: ${await realpath(path)}`,
      });
    if (!stats.isFile()) throw new IpvstateError('IO', `${path} is not a file`);
    await replace(path, text, stats.mode & 0o777, stats);
  } catch (error) {
    if (error instanceof IpvstateError) throw error;
    throw cannotWrite(path, error);
  }
}

/** Returns the error for a file that a failure of the file system keeps from being written. */
export function cannotWrite(path: string, error: unknown): IpvstateError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const message = `${path} ${REASONS[code] ?? `cannot be written (${code})`}`;
  return new IpvstateError('IO', message, { cause: error });
}

/** Returns a handler of errors, with a value for a file that does not exist. */
function absent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isAbsent(error)) return value;
    throw error;
  };
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'may not be written',
  EISDIR: 'is a folder',
  ENOENT: 'cannot be written: its folder does not exist',
  ENOSPC: 'cannot be written: the disk is full',
  ENOTDIR: 'cannot be written: its folder does not exist',
  EPERM: 'may not be written',
  EROFS: 'cannot be written: its file system is read-only',
};

async function replace(
  target: string,
  text: string,
  mode: number,
  before: Stats | undefined,
): Promise<void> {
  const temporary = `${target}.${process.pid}.tmp`;
  // A process that died may have had the same number, and left its file.
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', mode);
  try {
    try {
      if (before) {
        // Only root can change the owner. The mode comes second, because changing the owner resets
        // bits of the mode.
        await file.chown(before.uid, before.gid).catch(() => undefined);
        await file.chmod(before.mode & 0o777);
      }
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Renames a file over `to`. Does nothing when there is no file `from`. Throws `IO`. */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (isAbsent(error)) return;
    throw new IpvstateError('IO', `${to} ${REASONS[code] ?? `cannot be written (${code})`}`, {
      cause: error,
    });
  }
  await syncFolder(dirname(to));
}

/** Deletes a file. Does nothing when there is none. Throws `IO`. */
export async function deleteFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    if (isAbsent(error)) return;
    const { code } = error as NodeJS.ErrnoException;
    throw new IpvstateError('IO', `${path} cannot be deleted (${code})`, { cause: error });
  }
}

/**
 * Writes a folder to the disk, and with it a rename. Not every file system can do that; the file is
 * whole in any case.
 */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
