import { join } from 'node:path';
import type { ServiceKey } from '../../model/service.ts';
import { isText, listOf, objectOf } from '../../model/shape.ts';
import { isSameLife, LIFE_SHAPE, type State, type TableLife } from '../state.ts';
import { type FileFormat, readVersioned, setAside, writeVersioned } from './versioned.ts';

interface ProtectedFile extends TableLife {
  readonly services: readonly string[];
}

const FORMAT: FileFormat<ProtectedFile> = {
  name: 'ipvstate-protected',
  version: 1,
  shape: objectOf<ProtectedFile>({ ...LIFE_SHAPE, services: listOf(isText) }),
};

/** The services that were protected when they were last applied. */
export interface ProtectedStore {
  read(): Promise<ReadonlySet<ServiceKey>>;
  /** Replaces the whole set. */
  write(services: ReadonlySet<ServiceKey>): Promise<void>;
}

/**
 * Opens the protected services. They belong to the kernel's table. `warn` is told of a damaged
 * file.
 */
export function openProtectedStore(
  { folders, life }: State,
  warn: (message: string) => void,
): ProtectedStore {
  const path = join(folders.runtime, 'protected.json');
  const read = async (): Promise<ReadonlySet<ServiceKey>> => {
    const stored = await readVersioned(path, FORMAT);
    if (stored.kind === 'unusable') {
      const aside = await setAside(path);
      warn(
        `${path} is not used: ${stored.reason}${aside ? `; it is now ${aside}` : ''}. Only what the files protect is protected.`,
      );
    }
    if (stored.kind !== 'read' || !isSameLife(stored.value, life)) return new Set();
    return new Set(stored.value.services as readonly ServiceKey[]);
  };
  return {
    read,
    write: async (services) => {
      const known = await read();
      const isSame =
        known.size === services.size && [...services].every((service) => known.has(service));
      if (!isSame) await writeVersioned(path, FORMAT, { ...life, services: [...services].sort() });
    },
  };
}
