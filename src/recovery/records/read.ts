import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cannotRead, isAbsent } from '../../errors.ts';

/*
 * Everything that outlives a process is read here. A file that cannot be read, for instance because
 * too many files are open, is never taken for one that does not exist: a try, a drain or a
 * protection would be forgotten.
 */

/** Reads a file. Returns undefined only when there is none. Throws `IO`. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw cannotRead(path, error);
  }
}

/** Reads a file like `readIfPresent`, at once. */
export function readIfPresentSync(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw cannotRead(path, error);
  }
}
