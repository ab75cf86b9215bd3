import { rm } from 'node:fs/promises';
import { isSameLife, type TableLife } from '../state.ts';
import { type FileFormat, readVersioned, setAside, writeVersioned } from './versioned.ts';
import { moveFile } from './write.ts';

export type Warn = (message: string) => void;

/** A place for one record. */
export class Slot<T extends TableLife> {
  readonly #paths: readonly string[];
  readonly #format: FileFormat<T>;
  readonly #life: TableLife;
  readonly #warn: Warn;

  /** `paths`: the first that can be written is used; a record in a later one is the newer. */
  constructor(paths: readonly string[], format: FileFormat<T>, life: TableLife, warn: Warn) {
    this.#paths = paths.toReversed();
    this.#format = format;
    this.#life = life;
    this.#warn = warn;
  }

  /** What is there about this table, without touching anything. */
  async peek(): Promise<T | undefined> {
    for (const path of this.#paths) {
      const stored = await readVersioned(path, this.#format);
      if (stored.kind === 'read' && isSameLife(stored.value, this.#life)) return stored.value;
    }
    return undefined;
  }

  /** The same, and clears away what is void, or unusable; `onVoid` is told of a record of another table. */
  async take(onVoid: (value: T) => void = () => {}): Promise<T | undefined> {
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

  /** Throws `IO`. */
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

  /** Makes what is here what is there, if anything is: a large record is not read and written again. Throws `IO`. */
  async moveTo(there: Slot<T>): Promise<void> {
    const target = there.#paths.at(-1);
    if (target === undefined) throw new Error('a place without a path');
    for (const path of this.#paths) await moveFile(path, target);
  }

  async setAside(): Promise<void> {
    for (const path of this.#paths) await setAside(path);
  }

  async clear(): Promise<void> {
    for (const path of this.#paths) await rm(path, { force: true }).catch(() => undefined);
  }
}
