import { rm } from 'node:fs/promises';
import { IpvstateError } from '../../errors.ts';
import type { RecordClock } from '../clock.ts';
import { isSameLife, type TableLife } from '../state.ts';
import { type FileFormat, readVersioned, setAside, writeVersioned } from './versioned.ts';
import { deleteFile, moveFile } from './write.ts';

export type Warn = (message: string) => void;

/** Time between two attempts to read a file that cannot be read. */
const RETRY_MILLISECONDS = 1000;

/** The file of one record about the kernel's table. A record about an earlier table is void. */
export class RecordFile<T extends TableLife> {
  /** The newest record is in the first path that has one. */
  readonly #paths: readonly string[];
  readonly #format: FileFormat<T>;
  readonly #life: TableLife;
  readonly #warn: Warn;

  /** The record is written to the first of the `paths` that can be written. */
  constructor(paths: readonly string[], format: FileFormat<T>, life: TableLife, warn: Warn) {
    this.#paths = paths.toReversed();
    this.#format = format;
    this.#life = life;
    this.#warn = warn;
  }

  /**
   * Reads the record and changes no file. Returns undefined when there is no valid one. Throws
   * `IO`.
   */
  async read(): Promise<T | undefined> {
    for (const path of this.#paths) {
      const stored = await readVersioned(path, this.#format);
      if (stored.kind === 'read' && isSameLife(stored.value, this.#life)) return stored.value;
    }
    return undefined;
  }

  /**
   * Reads the record like `read`, and waits as long as its file cannot be read. `onFailure` is told
   * of the first failure. Throws the failure once `signal` aborts.
   */
  async readPatiently(
    clock: Pick<RecordClock, 'sleep'>,
    onFailure: Warn = () => {},
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    for (let failures = 0; ; failures++) {
      try {
        return await this.read();
      } catch (error) {
        if (!(error instanceof IpvstateError) || signal?.aborted) throw error;
        if (failures === 0) onFailure(`${error.message}: waiting until it can be read`);
        await clock.sleep(RETRY_MILLISECONDS);
      }
    }
  }

  /**
   * Reads the record, deletes void ones and sets damaged ones aside. `onVoid` is told of a void
   * one. Throws `IO`.
   */
  async readAndCleanUp(onVoid: (value: T) => void = () => {}): Promise<T | undefined> {
    for (const path of this.#paths) {
      const stored = await readVersioned(path, this.#format);
      if (stored.kind === 'none') continue;
      if (stored.kind === 'unusable') {
        const aside = await setAside(path);
        this.#warn(`${path} is not used: ${stored.reason}${aside ? `; it is now ${aside}` : ''}`);
        continue;
      }
      if (isSameLife(stored.value, this.#life)) return stored.value;
      onVoid(stored.value);
      await rm(path, { force: true }).catch(() => undefined);
    }
    return undefined;
  }

  /** Replaces the record. Throws `IO`. */
  async write(value: T): Promise<void> {
    let failure: unknown;
    for (const path of this.#paths.toReversed()) {
      try {
        await writeVersioned(path, this.#format, value);
        for (const other of this.#paths)
          if (other !== path) await rm(other, { force: true }).catch(() => undefined);
        return;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  /**
   * Moves the record over `target`, and does nothing when there is no record. A large record is not
   * read and written again. Throws `IO`.
   */
  async moveTo(target: RecordFile<T>): Promise<void> {
    const targetPath = target.#paths.at(-1);
    if (targetPath === undefined) throw new Error('a record file needs a path');
    for (const path of this.#paths) await moveFile(path, targetPath);
  }

  async setAside(): Promise<void> {
    for (const path of this.#paths) await setAside(path);
  }

  /** Deletes the record. Throws `IO`: a record that is still there is still in force. */
  async clear(): Promise<void> {
    for (const path of this.#paths) await deleteFile(path);
  }
}
