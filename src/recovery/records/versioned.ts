import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isObject, type Shape } from '../../model/shape.ts';
import { readIfPresent } from './read.ts';
import { writeAtomically } from './write.ts';

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

/**
 * Writes a file that only its owner may read, because it contains the whole configuration. Throws
 * `IO`.
 */
export async function writeVersioned<T extends object>(
  path: string,
  { name, version }: FileFormat<T>,
  value: T,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(() => undefined);
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
