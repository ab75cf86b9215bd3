import { join } from 'node:path';
import { MAX_WEIGHT } from '../../model/destination.ts';
import type { DrainKey, DrainStore, PendingDrain } from '../../model/drain.ts';
import { countUpTo, isNumber, isTime, mapOf, objectOf } from '../../model/shape.ts';
import { isSameLife, LIFE_SHAPE, type State, type TableLife } from '../state.ts';
import { type FileFormat, readVersioned, setAside, writeVersioned } from './versioned.ts';

interface StoredDrain extends PendingDrain {
  /** When the drain began, in ISO 8601. It is for people who read the file. */
  readonly started: string;
}

interface DrainsFile extends TableLife {
  readonly drains: { readonly [key: string]: StoredDrain };
}

const FORMAT: FileFormat<DrainsFile> = {
  name: 'ipvstate-drains',
  version: 1,
  shape: objectOf<DrainsFile>({
    ...LIFE_SHAPE,
    drains: mapOf(
      objectOf<StoredDrain>({
        deadlineSeconds: isNumber,
        weight: countUpTo(MAX_WEIGHT),
        started: isTime,
      }),
    ),
  }),
};

/**
 * Opens the deadlines of draining destinations. They belong to the kernel's table: after a boot
 * there are none. `warn` is told of a damaged file.
 */
export function openDrainStore(
  { folders, life, clock }: State,
  warn: (message: string) => void,
): DrainStore {
  const path = join(folders.runtime, 'drains.json');
  const readStored = async (): Promise<ReadonlyMap<DrainKey, StoredDrain>> => {
    const stored = await readVersioned(path, FORMAT);
    if (stored.kind === 'unusable') {
      const aside = await setAside(path);
      warn(
        `${path} is not used: ${stored.reason}${aside ? `; it is now ${aside}` : ''}. Drains begin anew.`,
      );
    }
    if (stored.kind !== 'read' || !isSameLife(stored.value, life)) return new Map();
    return new Map(Object.entries(stored.value.drains) as [DrainKey, StoredDrain][]);
  };
  return {
    now: () => clock.monotonicSeconds(),
    read: async () =>
      new Map(
        [...(await readStored())].map(([key, { deadlineSeconds, weight }]) => [
          key,
          { deadlineSeconds, weight },
        ]),
      ),
    write: async (drains) => {
      const known = await readStored();
      const started = clock.now().toISOString();
      const entries = [...drains].map(([key, drain]) => [
        key,
        { ...drain, started: known.get(key)?.started ?? started },
      ]);
      await writeVersioned(path, FORMAT, { ...life, drains: Object.fromEntries(entries) });
    },
  };
}
