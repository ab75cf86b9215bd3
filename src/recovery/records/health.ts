import { join } from 'node:path';
import type { DrainKey } from '../../model/drain.ts';
import type { HealthSource, HealthState, HealthStates } from '../../model/health.ts';
import { isFlag, isNumber, isTextUpTo, mapOf, objectOf, optional } from '../../model/shape.ts';
import { isSameLife, LIFE_SHAPE, type State, type TableLife } from '../state.ts';
import { type Access, type FileFormat, readUsable, writeVersioned } from './versioned.ts';

interface HealthFile extends TableLife {
  /** The time of the record on the monotonic clock. */
  readonly savedSeconds: number;
  readonly states: { readonly [key: string]: HealthState };
}

const FORMAT: FileFormat<HealthFile> = {
  name: 'ipvstate-health',
  version: 1,
  shape: objectOf<HealthFile>({
    ...LIFE_SHAPE,
    savedSeconds: isNumber,
    states: mapOf(
      objectOf<HealthState>({
        isHealthy: isFlag,
        sinceSeconds: isNumber,
        reason: isTextUpTo(1000),
        rampEndSeconds: optional(isNumber),
      }),
    ),
  }),
};

/** The states as they were stored, and when. */
export interface StoredHealth {
  readonly savedSeconds: number;
  readonly states: HealthStates;
}

export interface HealthStore extends HealthSource {
  /** Throws `IO`. undefined: none are stored. */
  readStored(): Promise<StoredHealth | undefined>;
  /** Replaces everything. Throws `IO`. */
  write(states: HealthStates): Promise<void>;
}

/**
 * Opens the states that the daemon's checks found. They belong to the kernel's table: after a boot
 * there are none. `warn` is told of a damaged file.
 */
export function openHealthStore(
  { folders, life, clock }: State,
  warn: (message: string) => void,
  access: Access = 'write',
): HealthStore {
  const path = join(folders.runtime, 'health.json');
  const effect = 'The states of the health checks in it are lost: the daemon finds them anew.';
  const readStored = async (): Promise<StoredHealth | undefined> => {
    const stored = await readUsable(path, FORMAT, { access, warn, effect });
    if (!stored || !isSameLife(stored, life)) return undefined;
    const { savedSeconds, states } = stored;
    return { savedSeconds, states: new Map(Object.entries(states) as [DrainKey, HealthState][]) };
  };
  return {
    isChecking: false,
    now: () => clock.monotonicSeconds(),
    read: async () => (await readStored())?.states ?? new Map(),
    readStored,
    write: async (states) => {
      const savedSeconds = clock.monotonicSeconds();
      await writeVersioned(path, FORMAT, {
        ...life,
        savedSeconds,
        states: Object.fromEntries(states),
      });
    },
  };
}
