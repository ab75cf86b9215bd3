import { type ErrnoName, IpvstateError, type KernelError } from '../../src/errors.ts';
import type { ReadOptions } from '../../src/model/ipvs.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Table } from '../../src/model/table.ts';
import { type EmbeddedTable, openEmbeddedTable, refusal } from '../../src/plan/embedded.ts';

/** The ways to go wrong; all counters begin at 0 and run over the life of the port. */
export interface Misbehaviour {
  /** Refuses an operation with an errno; undefined lets it through. */
  readonly refuse?: (operation: Operation, index: number) => ErrnoName | undefined;
  /**
   * Executes only so many operations of a wave, and loses all answers; undefined is a wave like any
   * other.
   */
  readonly lose?: (wave: number, operations: readonly Operation[]) => number | undefined;
  /** The operations that another program executes before a wave, and before a read. */
  readonly beforeWave?: (wave: number, table: Table) => readonly Operation[];
  readonly beforeRead?: (read: number, options: ReadOptions) => readonly Operation[];
  /** Fails a read. */
  readonly failRead?: (read: number) => Error | undefined;
}

export interface MisbehavingTable extends EmbeddedTable {
  /** The waves as they were asked for. */
  readonly waves: (readonly Operation[])[];
  readonly reads: ReadOptions[];
}

export const MTU_LENGTH = 1472;

/**
 * A table in memory that fails as a kernel does, or as one with other writers; like a kernel it
 * chooses a length for daemons.
 */
export function openMisbehavingTable(
  initial: Table,
  misbehaviour: Misbehaviour = {},
): MisbehavingTable {
  const inner = openEmbeddedTable(initial);
  const waves: (readonly Operation[])[] = [];
  const reads: ReadOptions[] = [];
  let index = 0;
  return {
    ...inner,
    waves,
    reads,
    read: async (options = {}) => {
      const read = reads.push(options) - 1;
      await inner.execute(misbehaviour.beforeRead?.(read, options) ?? []);
      const failure = misbehaviour.failRead?.(read);
      if (failure) throw failure;
      return inner.read(options);
    },
    execute: async (wave) => {
      const number = waves.push(wave) - 1;
      await inner.execute(misbehaviour.beforeWave?.(number, inner.table()) ?? []);
      const kept = misbehaviour.lose?.(number, wave);
      const refused = new Map<number, KernelError>();
      for (const [place, operation] of wave.slice(0, kept).entries()) {
        const errno = misbehaviour.refuse?.(operation, index++);
        const error = errno
          ? refusal(errno, operation)
          : (await inner.execute([withLength(operation)])).get(0);
        if (error) refused.set(place, error);
      }
      if (kept !== undefined) throw new IpvstateError('LOST', 'no reply came within 5 s');
      return refused;
    },
  };
}

function withLength(operation: Operation): Operation {
  if (operation.kind !== 'start-daemon' || operation.daemon.maxLength !== 0) return operation;
  return { ...operation, daemon: { ...operation.daemon, maxLength: MTU_LENGTH } };
}
