import { IpvstateError, isAbsent } from '../../errors.ts';

/** A fact about the machine, or the reason why it is not known. */
export type Fact<T> = Known<T> | Unknown;

interface Known<T> {
  readonly isKnown: true;
  readonly value: T;
}

export interface Unknown {
  readonly isKnown: false;
  /** A clause, such as `/proc/locks cannot be read (EIO)`. */
  readonly reason: string;
  /** True when only a permission is missing. */
  readonly needsRoot: boolean;
}

export function known<T>(value: T): Fact<T> {
  return { isKnown: true, value };
}

/** Returns a fact that is computed from another one, and is unknown when that one is. */
export function mapFact<T, U>(fact: Fact<T>, compute: (value: T) => U): Fact<U> {
  return fact.isKnown ? known(compute(fact.value)) : fact;
}

/**
 * Reads a fact from a file. A file that cannot be read makes the fact unknown: its absence, too,
 * unless `read` handles that.
 */
export async function factOf<T>(path: string, read: () => Promise<T>): Promise<Fact<T>> {
  try {
    return known(await read());
  } catch (error) {
    if (error instanceof IpvstateError)
      return { isKnown: false, reason: error.message, needsRoot: error.code === 'PERMISSION' };
    const { code } = error as NodeJS.ErrnoException;
    // Anything else is a bug.
    if (typeof code !== 'string') throw error;
    const needsRoot = code === 'EACCES' || code === 'EPERM';
    return { isKnown: false, reason: `${path} cannot be read (${code})`, needsRoot };
  }
}

/** Calls `read`. Returns undefined when the file does not exist, and throws any other error. */
export async function ifPresent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
