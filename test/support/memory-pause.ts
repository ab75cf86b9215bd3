import type { Pause, PauseStore } from '../../src/model/pause.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A record of a pause in memory, on the clock of a test. */
export interface MemoryPause extends PauseStore {
  stored: Pause | undefined;
  /** Set: the record cannot be read, or not be written. */
  failure: Error | undefined;
  clock: VirtualClock | undefined;
}

export function memoryPause(stored?: Pause): MemoryPause {
  const store: MemoryPause = {
    stored,
    failure: undefined,
    clock: undefined,
    now: () => (store.clock?.now() ?? 0) / 1000,
    read: async () => {
      if (store.failure) throw store.failure;
      return store.stored && { ...store.stored };
    },
    write: async (pause) => {
      if (store.failure) throw store.failure;
      store.stored = pause;
    },
    clear: async () => {
      store.stored = undefined;
    },
  };
  return store;
}
