import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isObject, type Shape } from '../../model/shape.ts';
import { makeFolder } from '../make-folder.ts';
import { readIfPresent } from './read.ts';
import { cannotWrite, writeAtomically } from './write.ts';

/** The format of a file `{ "format": ..., "version": ..., ... }`. */
export interface FileFormat<T extends object> {
  readonly name: string;
  readonly version: number;
  readonly shape: Shape<T>;
}

type Stored<T> =
  | { readonly kind: 'none' }
  | { readonly kind: 'read'; readonly value: T }
  /** The content of the file was read and cannot be used. */
  | { readonly kind: 'unusable'; readonly path: string; readonly reason: string };

/**
 * Reads a file that `writeVersioned` wrote. The result says why its content cannot be used. Throws
 * `IO` when the file cannot be read, because nothing is known about its content then.
 */
export async function readVersioned<T extends object>(
  path: string,
  { name, version, shape }: FileFormat<T>,
): Promise<Stored<T>> {
  const unusable = (reason: string): Stored<T> => ({ kind: 'unusable', path, reason });
  const text = await readIfPresent(path);
  if (text === undefined) return { kind: 'none' };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return unusable('it is damaged');
  }
  if (!isObject(document) || document.format !== name) return unusable(`it is no ${name} file`);
  if (document.version !== version)
    return unusable(
      `it has version ${document.version}, and this program knows version ${version}`,
    );
  const { format: _format, version: _version, ...value } = document;
  return shape(value) ? { kind: 'read', value } : unusable('it is damaged');
}

/** The right to a damaged record: a command that only reads leaves it where it is. */
export type Access = 'read' | 'write';

interface Damage {
  readonly access: Access;
  /** Is told of a file that cannot be used, with the `effect` of that. */
  readonly warn: (message: string) => void;
  readonly effect: string;
}

/**
 * Reads a file like `readVersioned`. Returns undefined when there is none that can be used. A
 * command that writes sets a damaged file aside. A command that only reads leaves it to one that
 * writes: the daemon would not learn that its record is gone.
 */
export async function readUsable<T extends object>(
  path: string,
  format: FileFormat<T>,
  { access, warn, effect }: Damage,
): Promise<T | undefined> {
  const stored = await readVersioned(path, format);
  if (stored.kind === 'read') return stored.value;
  if (stored.kind === 'none') return undefined;
  const aside = access === 'write' ? await setAside(path) : undefined;
  warn(`${path} is not used: ${stored.reason}${aside ? `; it is now ${aside}` : ''}. ${effect}`);
  return undefined;
}

/**
 * Writes a file that only its owner may read, because it contains the whole configuration. Throws
 * `IO`.
 */
export async function writeVersioned<T extends object>(
  path: string,
  { name, version }: FileFormat<T>,
  value: T,
): Promise<void> {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw cannotWrite(path, error);
  }
  await writeAtomically(path, `${JSON.stringify({ format: name, version, ...value })}\n`, 0o600);
}

/**
 * Renames a damaged file, so that it is kept and not read again. Returns the new name, or undefined
 * when it cannot be renamed.
 */
export async function setAside(path: string): Promise<string | undefined> {
  const aside = `${path}.corrupt`;
  return rename(path, aside).then(
    () => aside,
    () => undefined,
  );
}
