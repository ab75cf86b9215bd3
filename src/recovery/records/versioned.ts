import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeAtomically } from './write.ts';

/** The format of a file `{ "format": ..., "version": ..., ... }`. */
export interface FileFormat<T extends object> {
  readonly name: string;
  readonly version: number;
  /** Whether the document has the fields of `T`. */
  readonly isValid: (document: Partial<T>) => boolean;
}

type Stored<T> =
  | { readonly kind: 'none' }
  | { readonly kind: 'read'; readonly value: T }
  /** The file exists and cannot be used. */
  | { readonly kind: 'unusable'; readonly path: string; readonly reason: string };

/**
 * Reads a file that `writeVersioned` wrote. Never throws: the result says why a file cannot be
 * used.
 */
export async function readVersioned<T extends object>(
  path: string,
  { name, version, isValid }: FileFormat<T>,
): Promise<Stored<T>> {
  const unusable = (reason: string): Stored<T> => ({ kind: 'unusable', path, reason });
  let document: { format?: unknown; version?: unknown } & Partial<T>;
  try {
    document = JSON.parse(await readFile(path, 'utf8')) as typeof document;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'none' };
    return unusable(code === undefined ? 'it is damaged' : `it cannot be read (${code})`);
  }
  if (document === null || typeof document !== 'object' || document.format !== name)
    return unusable(`it is no ${name} file`);
  if (document.version !== version)
    return unusable(
      `it has version ${document.version}, and this program knows version ${version}`,
    );
  if (!isValid(document)) return unusable('it is damaged');
  const { format: _format, version: _version, ...value } = document;
  return { kind: 'read', value: value as T };
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

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
