import { type ErrnoName, KernelError } from '../errors.ts';
import type { Counters, Ipvs } from '../model/ipvs.ts';
import { formatOperation, type Operation } from '../model/operation.ts';
import type { Table } from '../model/table.ts';
import { Simulation } from './simulate.ts';

export interface EmbeddedTable extends Ipvs {
  /** Returns the current table. */
  table(): Table;
}

/**
 * Opens an IPVS table in memory, with the interface of the kernel's table: for plans against a
 * saved table, and for tests of programs.
 */
export function openEmbeddedTable(initial: Table, schedulers?: ReadonlySet<string>): EmbeddedTable {
  const simulation = new Simulation(initial, schedulers);
  let table = initial;
  const counters: Counters = new Map();
  return {
    table: () => table,
    info: async () => ({ version: '1.2.1', connectionTableSize: 4096 }),
    read: async ({ services } = {}) => {
      if (!services) return { table, counters, unmanageable: [] };
      const wanted = new Set(services);
      const picked = new Map([...table.services].filter(([key]) => wanted.has(key)));
      return { table: { ...table, services: picked }, counters, unmanageable: [] };
    },
    execute: async (wave) => {
      const refused = new Map<number, KernelError>();
      for (const [index, operation] of wave.entries()) {
        const errno = simulation.apply(operation);
        if (errno !== null) refused.set(index, refusal(errno, operation));
      }
      table = simulation.table();
      return refused;
    },
    close: () => {},
  };
}

/** Returns the error of a table in memory where a kernel would refuse. */
export function refusal(errno: ErrnoName, operation: Operation): KernelError {
  const request = formatOperation(operation);
  return new KernelError(errno, request, `${request}: refused with ${errno}`);
}
