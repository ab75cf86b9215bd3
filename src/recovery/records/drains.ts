import { join } from 'node:path';
import { MAX_WEIGHT } from '../../model/destination.ts';
import {
  type DrainKey,
  type DrainPolicy,
  type DrainRecord,
  type DrainStore,
  NO_DRAINS,
  type PendingDrain,
} from '../../model/drain.ts';
import type { ServiceKey } from '../../model/service.ts';
import {
  countUpTo,
  isFlag,
  isNumber,
  isTime,
  mapOf,
  objectOf,
  optional,
} from '../../model/shape.ts';
import { isSameLife, LIFE_SHAPE, type State, type TableLife } from '../state.ts';
import { type Access, type FileFormat, readUsable, writeVersioned } from './versioned.ts';

interface StoredDrain extends PendingDrain {
  /** When the drain began, in ISO 8601. It is for people who read the file. */
  readonly started: string;
}

interface DrainsFile extends TableLife {
  readonly drains: { readonly [key: string]: StoredDrain };
  /** How services drain when they are removed. Absent in files of earlier releases. */
  readonly policies?: { readonly [service: string]: DrainPolicy };
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
        quietSinceSeconds: optional(isNumber),
        leaving: optional(isFlag),
        started: isTime,
      }),
    ),
    policies: optional(
      mapOf(objectOf<DrainPolicy>({ timeoutSeconds: isNumber, lingerSeconds: isNumber })),
    ),
  }),
};

/**
 * Opens the record of draining destinations. It belongs to the kernel's table: after a boot there
 * are none. `warn` is told of a damaged file.
 */
export function openDrainStore(
  { folders, life, clock }: State,
  warn: (message: string) => void,
  access: Access = 'write',
): DrainStore {
  const path = join(folders.runtime, 'drains.json');
  const readStored = async (): Promise<Pick<DrainsFile, 'drains' | 'policies'> | undefined> => {
    const effect = 'Drains begin anew, and a removed service is deleted at once.';
    const stored = await readUsable(path, FORMAT, { access, warn, effect });
    return stored && isSameLife(stored, life) ? stored : undefined;
  };
  return {
    now: () => clock.monotonicSeconds(),
    read: async (): Promise<DrainRecord> => {
      const stored = await readStored();
      if (!stored) return NO_DRAINS;
      const drains = Object.entries(stored.drains).map(
        ([key, { started: _, ...drain }]) => [key as DrainKey, drain] as const,
      );
      const policies = Object.entries(stored.policies ?? {}) as [ServiceKey, DrainPolicy][];
      return { drains: new Map(drains), policies: new Map(policies) };
    },
    write: async ({ drains, policies }) => {
      const known = await readStored();
      const started = clock.now().toISOString();
      const entries = [...drains].map(([key, drain]) => [
        key,
        { ...drain, started: known?.drains[key]?.started ?? started },
      ]);
      await writeVersioned(path, FORMAT, {
        ...life,
        drains: Object.fromEntries(entries),
        policies: Object.fromEntries(policies),
      });
    },
  };
}
