import { join } from 'node:path';
import { MAX_REASON_LENGTH, type Pause, type PauseStore } from '../../model/pause.ts';
import type { ServiceKey } from '../../model/service.ts';
import {
  isNumber,
  isText,
  isTextUpTo,
  isTime,
  listOf,
  nullable,
  objectOf,
  type Shape,
} from '../../model/shape.ts';
import { LIFE_SHAPE, type State, type TableLife } from '../state.ts';
import { RecordFile } from './record-file.ts';
import type { FileFormat } from './versioned.ts';

interface PauseFile extends TableLife {
  readonly who: string;
  readonly reason: string | null;
  /** null: the whole table. */
  readonly services: readonly ServiceKey[] | null;
  readonly sinceSeconds: number;
  /** null: the pause does not end by itself. */
  readonly untilSeconds: number | null;
  /** When the pause began, in ISO 8601. It is for people who read the file. */
  readonly started: string;
}

const FORMAT: FileFormat<PauseFile> = {
  name: 'ipvstate-pause',
  version: 1,
  shape: objectOf<PauseFile>({
    ...LIFE_SHAPE,
    who: isText,
    reason: nullable(isTextUpTo(MAX_REASON_LENGTH)),
    services: nullable(listOf(isText as Shape<ServiceKey>)),
    sinceSeconds: isNumber,
    untilSeconds: nullable(isNumber),
    started: isTime,
  }),
};

type Place = Pick<State, 'folders' | 'life'>;

function fileOf({ folders, life }: Place, warn: (message: string) => void): RecordFile<PauseFile> {
  return new RecordFile([join(folders.runtime, 'pause.json')], FORMAT, life, warn);
}

/** Reads the daemon's pause, which may be over, and changes no file. Throws `IO`. */
export async function readPause(state: Place): Promise<Pause | undefined> {
  const stored = await fileOf(state, () => {}).read();
  return stored && pauseOf(stored);
}

/**
 * Opens the record of the daemon's pause. It belongs to the kernel's table: after a boot there is
 * none. `warn` is told of a damaged file.
 */
export function openPauseStore(
  { folders, life, clock }: State,
  warn: (message: string) => void,
): PauseStore {
  const file = fileOf({ folders, life }, (message) =>
    warn(`${message}. The daemon is not paused.`),
  );
  return {
    now: () => clock.monotonicSeconds(),
    read: async () => {
      const stored = await file.readAndCleanUp();
      return stored && pauseOf(stored);
    },
    write: ({ services, who, reason, sinceSeconds, untilSeconds }) =>
      file.write({
        ...life,
        who,
        reason: reason ?? null,
        services: services ?? null,
        sinceSeconds,
        untilSeconds: untilSeconds ?? null,
        started: clock.now().toISOString(),
      }),
    clear: () => file.clear(),
  };
}

function pauseOf({ services, who, reason, sinceSeconds, untilSeconds }: PauseFile): Pause {
  return {
    services: services ?? undefined,
    who,
    reason: reason ?? undefined,
    sinceSeconds,
    untilSeconds: untilSeconds ?? undefined,
  };
}
