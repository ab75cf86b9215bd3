import { join } from 'node:path';
import type { ServiceKey } from '../../model/service.ts';
import { isText, listOf, objectOf } from '../../model/shape.ts';
import { isSameLife, LIFE_SHAPE, type State, type TableLife } from '../state.ts';
import { type Access, type FileFormat, readUsable, writeVersioned } from './versioned.ts';

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
  access: Access = 'write',
): ProtectedStore {
  const path = join(folders.runtime, 'protected.json');
  const read = async (): Promise<ReadonlySet<ServiceKey>> => {
    const effect = 'Only what the files protect is protected.';
    const stored = await readUsable(path, FORMAT, { access, warn, effect });
    if (!stored || !isSameLife(stored, life)) return new Set();
    return new Set(stored.services as readonly ServiceKey[]);
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
